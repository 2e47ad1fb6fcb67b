/** Bytes to `Key` and back: the edge between wire bytes and the strings that the store works with. */
import { Buffer } from 'node:buffer';
import type { Key } from './model.js';

/** Copies `bytes` into an immutable key, one character per byte. */
export function keyFromBytes(bytes: Uint8Array): Key {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.toString('latin1') as Key;
}

/** A fresh copy of the bytes of `key`. */
export function keyToBytes(key: Key): Uint8Array {
  const bytes = new Uint8Array(key.length);
  for (let i = 0; i < key.length; i++) bytes[i] = key.charCodeAt(i);
  return bytes;
}
