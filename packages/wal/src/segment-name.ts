/** Names of the files of a log: `SEQ-INDEX.wal` (16 lower-case hex digits each) and of the next one, `0.tmp` or `1.tmp`. */
import type { LogIndex } from '@kv/raft';

/** Which segment this is, and where its entries begin. */
export interface SegmentId {
  /** Counts segments from 0, without gaps. */
  readonly sequence: number;
  /** Index of the first entry appended to it: the last index before it, plus 1. 0 for the very first segment. */
  readonly firstIndex: LogIndex;
}

const PATTERN = /^([0-9a-f]{16})-([0-9a-f]{16})\.wal$/;

export function formatSegmentName(id: SegmentId): string {
  return `${hex16(id.sequence)}-${hex16(id.firstIndex)}.wal`;
}

/** The id in a file name; undefined for any other file, or numbers above 2^53 - 1. */
function parseSegmentName(name: string): SegmentId | undefined {
  const match = PATTERN.exec(name);
  if (match === null) return undefined;
  const sequence = Number.parseInt(match[1] ?? '', 16);
  const firstIndex = Number.parseInt(match[2] ?? '', 16);
  if (!Number.isSafeInteger(sequence) || !Number.isSafeInteger(firstIndex)) return undefined;
  return { sequence, firstIndex: firstIndex as LogIndex };
}

/** Of a directory's names, the segments in order of sequence. */
export function segmentsOf(names: readonly string[]): SegmentId[] {
  return names
    .map(parseSegmentName)
    .filter((id): id is SegmentId => id !== undefined)
    .sort((a, b) => a.sequence - b.sequence);
}

/** Left over from a crash while a segment was being prepared; nothing in it was promised. */
export function isUnfinishedName(name: string): boolean {
  return name === '0.tmp' || name === '1.tmp';
}

/** A counter as 16 hex digits, as etcd names files. */
export function hex16(value: number): string {
  return value.toString(16).padStart(16, '0');
}
