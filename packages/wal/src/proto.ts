/** The few protobuf fields of etcd's own small messages: walpb.Snapshot and snappb.snapshot. Cold paths only. */
import { toIndex, toTerm, EMPTY_CONF_STATE, type SnapshotMeta } from '@kv/raft';
import { decodeConfState, encodeConfState } from '@kv/raft/codec';
import { readVarint, varintEnd } from './varint.js';

/** A field: a number, or bytes borrowed from the message. */
interface Field {
  readonly number: number;
  readonly value: number | Uint8Array;
}

/** walpb.Snapshot: index = 1, term = 2, conf_state = 3; the last only above index 0, as etcd writes it. */
export function encodeSnapshotRecord(meta: SnapshotMeta): Uint8Array {
  const ids = [...tagged(0x08, meta.index), ...tagged(0x10, meta.term)];
  if (meta.index === 0) return Uint8Array.from(ids);
  const confState = encodeConfState(meta.confState);
  return Uint8Array.from([...ids, ...tagged(0x1a, confState.length), ...confState]);
}

/** Undefined if these are not its bytes. Throws RaftError('malformed') for a bad conf state. */
export function decodeSnapshotRecord(bytes: Uint8Array): SnapshotMeta | undefined {
  let index = toIndex(0);
  let term = toTerm(0);
  let confState = EMPTY_CONF_STATE;
  for (const field of fieldsOf(bytes)) {
    if (field === undefined) return undefined;
    const { number, value } = field;
    if (number === 1 && typeof value === 'number') index = toIndex(value);
    if (number === 2 && typeof value === 'number') term = toTerm(value);
    if (number === 3 && typeof value !== 'number') confState = decodeConfState(value);
  }
  return { index, term, confState };
}

/** snappb.snapshot: crc = 1, data = 2. */
export function encodeSnapshotFile(crc: number, data: Uint8Array): Uint8Array {
  const head = [...tagged(0x08, crc), ...tagged(0x12, data.length)];
  const bytes = new Uint8Array(head.length + data.length);
  bytes.set(head);
  bytes.set(data, head.length);
  return bytes;
}

/** Undefined if these are not its bytes. `data` is borrowed. */
export function decodeSnapshotFile(
  bytes: Uint8Array,
): { readonly crc: number; readonly data: Uint8Array } | undefined {
  let crc = 0;
  let data = new Uint8Array(0);
  for (const field of fieldsOf(bytes)) {
    if (field === undefined) return undefined;
    const { number, value } = field;
    if (number === 1 && typeof value === 'number') crc = value;
    if (number === 2 && typeof value !== 'number') data = value as Uint8Array<ArrayBuffer>;
  }
  return { crc, data };
}

function tagged(tag: number, value: number): number[] {
  const out = [tag];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out.push((rest % 0x80) + 0x80);
  out.push(rest);
  return out;
}

/** The fields in order; undefined, and the end, where the bytes are not protobuf. Fixed-size fields are skipped. */
function* fieldsOf(bytes: Uint8Array): Generator<Field | undefined, void, undefined> {
  const cursor = { at: 0 };
  while (cursor.at < bytes.length) {
    const tag = varint(bytes, cursor);
    if (tag === undefined || tag < 8) {
      yield undefined;
      return;
    }
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0: {
        const value = varint(bytes, cursor);
        if (value === undefined) {
          yield undefined;
          return;
        }
        yield { number, value };
        break;
      }
      case 1:
        cursor.at += 8;
        break;
      case 2: {
        const length = varint(bytes, cursor);
        if (length === undefined || length > bytes.length - cursor.at) {
          yield undefined;
          return;
        }
        yield { number, value: bytes.subarray(cursor.at, cursor.at + length) };
        cursor.at += length;
        break;
      }
      case 5:
        cursor.at += 4;
        break;
      default:
        yield undefined;
        return;
    }
  }
  if (cursor.at > bytes.length) yield undefined;
}

/** Undefined if there is none. */
function varint(bytes: Uint8Array, cursor: { at: number }): number | undefined {
  const value = readVarint(bytes, cursor.at, bytes.length);
  if (value < 0) return undefined;
  cursor.at = varintEnd;
  return value;
}
