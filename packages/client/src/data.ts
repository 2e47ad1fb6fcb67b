/** What the friendly calls take and give, and the conversions to and from messages of the wire. */
import { KvError } from './errors.js';

/** Text means its UTF-8 bytes. */
export type Bytes = string | Uint8Array;

/** Which keys: one, those that begin with `prefix`, `[from, end)`, those not below `from`, or all. */
export type KeySelector =
  | Bytes
  | { readonly prefix: Bytes }
  | { readonly from: Bytes; readonly end?: Bytes }
  | { readonly all: true };

/** The keys that begin with `start`; all keys when it is empty. */
export function prefix(start: Bytes): KeySelector {
  return { prefix: start };
}

/** The keys of `[from, end)`, in byte order. */
export function range(from: Bytes, end: Bytes): KeySelector {
  return { from, end };
}

/** The keys that are not below `from`. */
export function fromKey(from: Bytes): KeySelector {
  return { from };
}

export const allKeys: KeySelector = { all: true };

/** A lease by its identifier, or anything that carries one. */
export type LeaseReference = bigint | { readonly id: bigint };

export interface WireRange {
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
}

const encoder = new TextEncoder();
const zero = new Uint8Array([0]);

/** Throws `TypeError` that names the parameter, before anything is sent (B-190). */
export function bytesOf(name: string, value: unknown): Uint8Array {
  if (typeof value === 'string') {
    if (/\p{Surrogate}/u.test(value))
      throw new TypeError(`${name} has a lone surrogate and no UTF-8 bytes`);
    return encoder.encode(value);
  }
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`${name} must be a string or Uint8Array, is ${describe(value)}`);
}

export function rangeOf(selector: KeySelector): WireRange {
  if (typeof selector === 'string' || selector instanceof Uint8Array) {
    return { key: bytesOf('key', selector), rangeEnd: new Uint8Array(0) };
  }
  if (typeof selector !== 'object' || (selector as unknown) === null) {
    throw new TypeError(`keys must be a key or a selector, are ${describe(selector)}`);
  }
  if ('all' in selector) return { key: zero, rangeEnd: zero };
  if ('prefix' in selector) return prefixRange(bytesOf('prefix', selector.prefix));
  const from = bytesOf('from', selector.from);
  const rangeEnd = selector.end === undefined ? zero : bytesOf('end', selector.end);
  return { key: from.length === 0 ? zero : from, rangeEnd };
}

/** The selector of a range of the wire: the shortest that says it. */
export function selectorOf(key: Uint8Array, rangeEnd: Uint8Array): KeySelector {
  if (rangeEnd.length === 0) return copyOf(key);
  const isOpen = rangeEnd.length === 1 && rangeEnd[0] === 0;
  if (isOpen)
    return key.length === 0 || (key.length === 1 && key[0] === 0)
      ? { all: true }
      : { from: copyOf(key) };
  if (compareBytes(prefixEnd(key), rangeEnd) === 0) return { prefix: copyOf(key) };
  return { from: copyOf(key), end: copyOf(rangeEnd) };
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function prefixRange(prefix: Uint8Array): WireRange {
  return prefix.length === 0
    ? { key: zero, rangeEnd: zero }
    : { key: prefix, rangeEnd: prefixEnd(prefix) };
}

/** The first key after all that begin with `prefix`; one zero byte (no end) when every byte is 0xff. */
export function prefixEnd(prefix: Uint8Array): Uint8Array {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const byte = prefix[i] ?? 0xff;
    if (byte === 0xff) continue;
    // Not `slice`: of a Buffer it is a view, and the caller's prefix would change.
    const end = copyOf(prefix.subarray(0, i + 1));
    end[i] = byte + 1;
    return end;
  }
  return zero;
}

/** Bytes of its own, of the plain class: what transports give may be a Buffer, or a view of a whole message (J-4). */
export function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

export function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

export function startsWith(key: Uint8Array, start: Uint8Array): boolean {
  return key.length >= start.length && start.every((byte, at) => key[at] === byte);
}

/** A revision for the wire; refuses fractions, negatives and what a double cannot hold. */
export function revisionToWire(name: string, value: unknown): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  throw new TypeError(`${name} must be a whole number from 0 to 2^53-1, is ${describe(value)}`);
}

/** A counter from the wire. Throws `KvError` of code `protocol` rather than round (J-1). */
export function counterFromWire(name: string, value: bigint): number {
  const counter = Number(value);
  if (Number.isSafeInteger(counter)) return counter;
  throw new KvError('protocol', `${name} ${value} of the server is beyond 2^53`, {
    outcome: 'unknown',
  });
}

/** An identifier for the wire: 64 bits, signed as leases are. */
export function identifierToWire(name: string, value: unknown): bigint {
  if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return value;
  throw new TypeError(`${name} must be a bigint of 64 bits, is ${describe(value)}`);
}

export function leaseToWire(lease: LeaseReference | undefined): bigint {
  const id = typeof lease === 'object' ? lease.id : lease;
  return identifierToWire('lease', id ?? 0n);
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'number' || typeof value === 'bigint') return `${typeof value} ${value}`;
  if (typeof value !== 'object') return typeof value;
  const { constructor } = value as { readonly constructor?: { readonly name?: string } };
  return constructor?.name ?? 'object';
}
