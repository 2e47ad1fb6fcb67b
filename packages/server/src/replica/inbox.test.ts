/** How much of what waits one turn takes. */
import { toIndex, toTerm, type Message } from '@kv/raft';
import { expect, it } from 'vitest';
import {
  INBOX_MESSAGE_BYTES_MAX,
  INBOX_MESSAGES_MAX,
  MESSAGE_BYTES_PER_TURN_MAX,
} from '../request/limits.js';
import { Inbox } from './inbox.js';

const append = (bytes: number, type: 'MsgApp' | 'MsgProp' = 'MsgApp'): Message =>
  ({
    type,
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

it.each(['MsgApp', 'MsgProp'] as const)(
  '%s that wait are bounded by memory: more is refused until a turn has made room',
  (type) => {
    const inbox = new Inbox();
    const quarter = INBOX_MESSAGE_BYTES_MAX / 4;
    const taken = Array.from({ length: 6 }, () => inbox.addMessage(append(quarter - 1000, type)));
    expect(taken).toEqual([true, true, true, true, false, false]);
    // What is small still finds room: heartbeats and votes say who leads.
    expect(inbox.addMessage({ type: 'MsgHeartbeat' } as Message)).toBe(true);
    expect(inbox.addMessage(append(4000, type))).toBe(false);
    inbox.takeMessages();
    expect(inbox.addMessage(append(quarter, type))).toBe(true);
  },
);

it('one message has room when none waits, whatever its size; empty entries are not free', () => {
  const inbox = new Inbox();
  expect(inbox.addMessage(append(2 * INBOX_MESSAGE_BYTES_MAX))).toBe(true);
  expect(inbox.addMessage(append(1))).toBe(false);
  inbox.takeMessages();
  const empty = { ...append(0), entries: Array(100_000).fill({ data: new Uint8Array(0) }) };
  let count = 0;
  while (inbox.addMessage(empty)) count += 1;
  expect(count).toBeLessThan(10);
});

it('what waits is bounded in number, too', () => {
  const inbox = new Inbox();
  for (let n = 0; n < INBOX_MESSAGES_MAX; n++) expect(inbox.addMessage(append(0))).toBe(true);
  expect(inbox.addMessage(append(0))).toBe(false);
});
