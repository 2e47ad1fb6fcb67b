/** What the tests of this package share: entries, states, a disk, and opening a log on it. */
import { expect } from 'vitest';
import { EMPTY_CONF_STATE, toIndex, toNodeId, toTerm } from '@kv/raft';
import type { Entry, EntryType, HardState, SnapshotMeta } from '@kv/raft';
import { Wal, type OpenOptions, type Recovered, type WalOptions } from '../src/index.js';
import { FaultyDisk } from '../src/testing/index.js';
import { seededRandom } from '../src/testing/random.js';

export const DIRECTORY = '/data/member/wal';
export const METADATA: Uint8Array = Uint8Array.of(0x08, 0x01, 0x10, 0x02);

export function makeDisk(seed = 1): FaultyDisk {
  const disk = new FaultyDisk(seededRandom(seed));
  disk.makeDirectory('/data/member');
  return disk;
}

export function entry(
  index: number,
  term = 1,
  data: string | Uint8Array = `e${index}`,
  type: EntryType = 'normal',
): Entry {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
  return { term: toTerm(term), index: toIndex(index), type, data: bytes };
}

/** Entries `from` to `to`, both included. */
export function entries(from: number, to: number, term = 1): Entry[] {
  return Array.from({ length: to - from + 1 }, (_, i) => entry(from + i, term));
}

export function state(term: number, commit: number, vote = 0n): HardState {
  return { term: toTerm(term), vote: toNodeId(vote), commit: toIndex(commit) };
}

export function snapshot(index: number, term = 1): SnapshotMeta {
  const confState = { ...EMPTY_CONF_STATE, voters: [toNodeId(1n), toNodeId(2n ** 64n - 1n)] };
  return { index: toIndex(index), term: toTerm(term), confState };
}

export function create(disk: FaultyDisk, options: WalOptions = {}): Promise<Wal> {
  return Wal.create(DIRECTORY, METADATA, { segmentBytes: 4096, ...options, fileSystem: disk });
}

export function open(
  disk: FaultyDisk,
  options: OpenOptions = {},
): Promise<{ wal: Wal; recovered: Recovered }> {
  return Wal.open(DIRECTORY, { segmentBytes: 4096, ...options, fileSystem: disk });
}

/** Creates a log, lets `write` write to it, and closes it. */
export async function written(
  write: (wal: Wal) => void | Promise<void>,
  options: WalOptions = {},
): Promise<FaultyDisk> {
  const disk = makeDisk();
  const wal = await create(disk, options);
  await write(wal);
  await wal.close();
  return disk;
}

/** Paths of the segments, oldest first. */
export function segmentPaths(disk: FaultyDisk): string[] {
  return disk
    .list(DIRECTORY)
    .filter((name) => name.endsWith('.wal'))
    .sort()
    .map((name) => `${DIRECTORY}/${name}`);
}

/** Index and term of each entry, for short expectations: `3@1`. */
export function ids(list: readonly Entry[]): string[] {
  return list.map((one) => `${one.index}@${one.term}`);
}

/** The error that `work` fails with. */
export async function failure(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing failed');
}

/** `expect.stringContaining` with a type: the matcher, which Vitest declares as `any`. */
export function containing(text: string): unknown {
  const matcher: unknown = expect.stringContaining(text);
  return matcher;
}

/** A code among `codes`. */
export function oneOf(...codes: readonly string[]): unknown {
  const matcher: unknown = expect.stringMatching(new RegExp(`^(${codes.join('|')})$`));
  return matcher;
}
