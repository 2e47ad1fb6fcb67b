/**
 * Bytes of `repeated mvccpb.Event events = 11` of `etcdserverpb.WatchResponse`, spliced from stored pairs.
 * `Event`: type = 1 (PUT 0, left out; DELETE 1), kv = 2, prev_kv = 3.
 */
import type { StoreEvent, StoredKeyValue } from '@kv/mvcc/model';
import { invariant } from './invariant.js';

const TAG_EVENTS = 0x5a;
const TAG_TYPE = 0x08;
const TAG_KV = 0x12;
const TAG_PREV_KV = 0x1a;
const DELETE = 1;

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

function messageBytes(event: StoreEvent, previous: StoredKeyValue | undefined): number {
  const kv = event.kv.encoded.length;
  let bytes = (event.type === 'delete' ? 2 : 0) + 1 + varintBytes(kv) + kv;
  if (previous !== undefined) {
    const prev = previous.encoded.length;
    bytes += 1 + varintBytes(prev) + prev;
  }
  return bytes;
}

/** What one event adds to the encoded size of a response, tag and length included. */
export function eventBytes(event: StoreEvent, previous: StoredKeyValue | undefined): number {
  const message = messageBytes(event, previous);
  return 1 + varintBytes(message) + message;
}

/** Encodes all events; `bytes` is the sum of their {@link eventBytes}. */
export function encodeEvents(
  events: readonly StoreEvent[],
  previous: readonly (StoredKeyValue | undefined)[] | undefined,
  bytes: number,
): Uint8Array {
  const out = new Uint8Array(bytes);
  let at = 0;
  const putVarint = (value: number): void => {
    let rest = value;
    while (rest > 0x7f) {
      out[at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    out[at++] = rest;
  };
  const putMessage = (tag: number, message: Uint8Array): void => {
    out[at++] = tag;
    putVarint(message.length);
    out.set(message, at);
    at += message.length;
  };
  for (const [i, event] of events.entries()) {
    const prev = previous?.[i];
    out[at++] = TAG_EVENTS;
    putVarint(messageBytes(event, prev));
    if (event.type === 'delete') {
      out[at++] = TAG_TYPE;
      out[at++] = DELETE;
    }
    putMessage(TAG_KV, event.kv.encoded);
    if (prev !== undefined) putMessage(TAG_PREV_KV, prev.encoded);
  }
  invariant(at === bytes, 'encoded events have the announced size', { at, bytes });
  return out;
}
