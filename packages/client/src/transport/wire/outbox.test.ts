import { expect, test } from 'vitest';
import { Outbox } from './outbox.js';

function recorded(): { readonly outbox: Outbox; readonly writes: string[] } {
  const writes: string[] = [];
  const outbox = new Outbox((bytes) => writes.push(Buffer.from(bytes).toString()));
  return { outbox, writes };
}

test('what is pushed in one turn, promises included, goes out in one write and in order', async () => {
  const { outbox, writes } = recorded();
  await Promise.resolve();
  outbox.push(Buffer.from('a'));
  await Promise.resolve();
  outbox.push(Buffer.from('b'));
  expect(writes).toEqual([]);
  await new Promise(setImmediate);
  expect(writes).toEqual(['ab']);
});

test('flush writes at once, and nothing is written twice', async () => {
  const { outbox, writes } = recorded();
  outbox.push(Buffer.from('a'));
  outbox.flush();
  expect(writes).toEqual(['a']);
  await new Promise(setImmediate);
  expect(writes).toEqual(['a']);
});

test('what comes after a flush in the same turn goes out as well', async () => {
  const { outbox, writes } = recorded();
  outbox.push(Buffer.from('a'));
  outbox.flush();
  outbox.push(Buffer.from('b'));
  await new Promise(setImmediate);
  expect(writes).toEqual(['a', 'b']);
});
