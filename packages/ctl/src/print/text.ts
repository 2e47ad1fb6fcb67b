/** Small texts that several formats share: identifiers in hex, escaped bytes, alarms and events by name. */
import type { ByteString } from '../bytes.js';

/** `%x` of an identifier: 64 bits, unsigned. */
export function hexId(id: bigint): string {
  return BigInt.asUintN(64, id).toString(16);
}

/** `%016x` of a lease, which Go takes as signed: a minus sign counts as one of the sixteen. */
export function leaseHex(id: bigint): string {
  const signed = BigInt.asIntN(64, id);
  return signed < 0n
    ? `-${(-signed).toString(16).padStart(15, '0')}`
    : signed.toString(16).padStart(16, '0');
}

/** `\x66\x6f\x6f`. */
export function hexBytes(bytes: Uint8Array): ByteString {
  let out = '';
  for (const byte of bytes) out += `\\x${byte.toString(16).padStart(2, '0')}`;
  return out;
}

const alarmNames: readonly string[] = ['NONE', 'NOSPACE', 'CORRUPT'];

/** Name of an alarm's number. Without a value import of the messages: a put would load those of maintenance too. */
export function alarmName(alarm: number): string {
  return alarmNames[alarm] ?? String(alarm);
}

const eventNames: readonly string[] = ['PUT', 'DELETE'];

export function eventName(type: number): string {
  return eventNames[type] ?? String(type);
}

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'] as const;

/** A size in powers of 1000, as go-humanize writes it: one decimal below ten units. */
export function humanBytes(bytes: bigint): string {
  const size = Number(BigInt.asUintN(64, bytes));
  if (size < 10) return `${size} B`;
  const power = Math.min(units.length - 1, Math.floor(Math.log(size) / Math.log(1000)));
  const value = Math.floor((size / 1000 ** power) * 10 + 0.5) / 10;
  return `${value < 10 ? value.toFixed(1) : roundHalfEven(value)} ${units[power] ?? ''}`;
}

/** `%.0f` rounds a half to even. */
function roundHalfEven(value: number): string {
  const floor = Math.floor(value);
  const rest = value - floor;
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 === 1);
  return String(up ? floor + 1 : floor);
}
