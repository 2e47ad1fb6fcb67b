/** How much of what waits one turn takes. */
import { toIndex, toTerm, type Message } from '@kv/raft';
import { expect, it } from 'vitest';
import { MESSAGE_BYTES_PER_TURN_MAX } from '../request/limits.js';
import { Inbox } from './inbox.js';

const append = (bytes: number): Message =>
  ({
    type: 'MsgApp',
    entries: [{ index: toIndex(1), term: toTerm(1), type: 'normal', data: new Uint8Array(bytes) }],
  }) as unknown as Message;

it("F-11 a leader's entries that gathered while the disk hung are taken in pieces, in order, none left out", () => {
  const inbox = new Inbox();
  const sent = Array.from({ length: 10 }, () => append(MESSAGE_BYTES_PER_TURN_MAX / 4));
  for (const message of sent) inbox.addMessage(message);
  const turns: (readonly Message[])[] = [];
  while (inbox.hasMessages) turns.push(inbox.takeMessages());
  expect(turns.map(({ length }) => length)).toEqual([5, 5]);
  expect(turns.flat()).toEqual(sent);
});

it('one message is taken, whatever its size, and small ones all at once', () => {
  const inbox = new Inbox();
  inbox.addMessage(append(2 * MESSAGE_BYTES_PER_TURN_MAX));
  expect(inbox.takeMessages()).toHaveLength(1);
  for (let n = 0; n < 1000; n++) inbox.addMessage(append(10));
  expect(inbox.takeMessages()).toHaveLength(1000);
  expect(inbox.hasMessages).toBe(false);
});
