/**
 * Reads a log from its files: chooses where to start, replays every record, and judges the end of the last segment.
 *
 * Nothing is changed here; `repairTail` is the only function of this package that cuts bytes.
 */
import { join } from 'node:path';
import { toIndex, toTerm } from '@kv/raft';
import { ioError, WalError } from './errors.js';
import { listDirectory, openFile, readFully, withFile, writeFully } from './file-io.js';
import type { FileHandle, FileSystem } from './file-system.js';
import { RecordType } from './record.js';
import type { Recovered, SnapshotId, TailRepair } from './options.js';
import { adviceOf, Replay, replayError } from './replay.js';
import { formatSegmentName, segmentsOf, type SegmentId } from './segment-name.js';
import { SegmentReader, type Damage } from './segment-reader.js';
import { judgeTail, type TailVerdict } from './torn-tail.js';

/** Where the next record goes. */
export interface TailPosition {
  readonly id: SegmentId;
  readonly path: string;
  /** End of the last valid record. */
  readonly offset: number;
  /** Running CRC after it. */
  readonly chain: number;
  readonly verdict: TailVerdict;
}

export interface LogContents {
  readonly recovered: Recovered;
  /** Every segment in the directory, also those before the start. */
  readonly segments: readonly SegmentId[];
  readonly tail: TailPosition;
}

const COPY_STEP_BYTES = 1024 * 1024;
const BEGINNING: SnapshotId = { index: toIndex(0), term: toTerm(0) };

/**
 * Reads the log in `directory`, from the newest of `snapshots` (newest first) that it has recorded at or below the
 * commit index, else from its beginning. Throws WalError with the codes of damage, `not-found`, `snapshot-missing`.
 */
export function readContents(
  fileSystem: FileSystem,
  directory: string,
  snapshots: readonly SnapshotId[],
): LogContents {
  const segments = segmentsOf(listDirectory(fileSystem, directory));
  if (segments.length === 0)
    throw new WalError('not-found', `no log in ${directory}`, { file: directory });
  for (const start of [...snapshots, BEGINNING]) {
    const first = segments.findLastIndex((id) => id.firstIndex <= start.index);
    if (first < 0) continue;
    const needed = segments.slice(first);
    checkSequence(directory, needed);
    const contents = replayFrom(fileSystem, directory, needed, start);
    if (contents !== undefined) return { ...contents, segments };
  }
  const known = snapshots.map((snapshot) => snapshot.index).join(', ');
  throw new WalError(
    'snapshot-missing',
    `the log in ${directory} begins at index ${segments[0]?.firstIndex ?? 0}, and none of the snapshots at hand ` +
      `(${known === '' ? 'none' : known}) is recorded in it at or below the commit index; ${adviceOf('snapshot-missing')}`,
    { file: directory },
  );
}

/** Undefined if `start` is not recorded, or above the commit index. */
function replayFrom(
  fileSystem: FileSystem,
  directory: string,
  segments: readonly SegmentId[],
  start: SnapshotId,
): Omit<LogContents, 'segments'> | undefined {
  const replay = new Replay(start);
  let tail: TailPosition | undefined;
  for (const id of segments) {
    const path = join(directory, formatSegmentName(id));
    const chain: number | undefined = tail?.chain;
    tail = withFile(fileSystem, path, (file) =>
      replaySegment(replay, file, id, chain, id === segments.at(-1)),
    );
  }
  const problem = replay.finish();
  if (tail === undefined) return undefined;
  if (problem !== undefined) throw replayError(problem, tail.path, tail.offset);
  const { snapshot, metadata } = replay;
  if (snapshot === undefined || metadata === undefined) return undefined;
  const { hardState, entries } = replay;
  const repair = repairOf(tail, undefined);
  return { recovered: { metadata, hardState, entries, snapshot, repair }, tail };
}

function replaySegment(
  replay: Replay,
  file: FileHandle,
  id: SegmentId,
  chain: number | undefined,
  isLast: boolean,
): TailPosition {
  const reader = new SegmentReader(file, chain);
  const path = file.path;
  for (;;) {
    const offset = reader.offset;
    const step = reader.next();
    if (step !== 'record') break;
    if (offset === 0 && reader.record.type !== RecordType.crc) {
      throw new WalError(
        'corrupt',
        `${path}: a segment begins with a crc record; ${adviceOf('corrupt')}`,
        { file: path, offset },
      );
    }
    const problem = replay.take(reader.window, reader.record);
    if (problem !== undefined) throw replayError(problem, path, offset);
  }
  const verdict: TailVerdict = isLast
    ? judgeTail(reader)
    : {
        kind: reader.damage === undefined ? 'clean' : 'damaged',
        reason: reader.damage?.reason ?? '',
      };
  if (verdict.kind === 'damaged')
    throw damageError(path, reader.offset, reader.damage, verdict.reason);
  if (reader.chain === undefined || reader.offset === 0) {
    throw damageError(path, 0, undefined, 'the segment has no header');
  }
  return { id, path, offset: reader.offset, chain: reader.chain, verdict };
}

function checkSequence(directory: string, segments: readonly SegmentId[]): void {
  segments.forEach((id, i) => {
    const next = segments[i + 1];
    if (next === undefined || next.sequence === id.sequence + 1) return;
    throw new WalError(
      'sequence-gap',
      `${directory}: segment ${formatSegmentName(next)} follows ${formatSegmentName(id)}, so a segment is missing ` +
        `between them; ${adviceOf('sequence-gap')}`,
      { file: join(directory, formatSegmentName(next)) },
    );
  });
}

function damageError(
  path: string,
  offset: number,
  damage: Damage | undefined,
  reason: string,
): WalError {
  const code = damage?.kind === 'crc' ? 'crc-mismatch' : 'corrupt';
  return new WalError(code, `${path}, offset ${offset}: ${reason}; ${adviceOf(code)}`, {
    file: path,
    offset,
  });
}

function repairOf(tail: TailPosition, copy: string | undefined): TailRepair | undefined {
  if (tail.verdict.kind !== 'torn') return undefined;
  return { file: tail.path, offset: tail.offset, reason: tail.verdict.reason, copy };
}

/**
 * Cuts a torn tail off, after a copy of the segment is durable as `NAME.broken`. What is left is followed by zeros up
 * to the former size. Idempotent: a crash in the middle leaves a tail that is found torn again, or clean.
 */
export async function repairTail(
  fileSystem: FileSystem,
  directory: string,
  tail: TailPosition,
): Promise<TailRepair | undefined> {
  if (tail.verdict.kind !== 'torn') return undefined;
  const copyPath = `${tail.path}.broken`;
  const file = openFile(fileSystem, tail.path, 'update');
  const copy = openFile(fileSystem, copyPath, 'create');
  try {
    const size = file.size();
    const buffer = new Uint8Array(COPY_STEP_BYTES);
    for (let at = 0; at < size; at += buffer.length) {
      const count = readFully(file, buffer, at);
      writeFully(copy, buffer.subarray(0, count), at);
    }
    await copy.sync();
    await fileSystem.syncDirectory(directory);
    file.truncate(tail.offset);
    file.truncate(size);
    await file.sync();
  } catch (error) {
    throw ioError('repair', tail.path, error);
  } finally {
    file.close();
    copy.close();
  }
  return repairOf(tail, copyPath);
}
