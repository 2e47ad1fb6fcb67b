/**
 * Turns the records of a log, in order, into what a member starts from. Pure: knows no files.
 *
 * Starts at a given snapshot `start`. What it must get right (beside etcd v3.7.1 `wal.go` ReadAll):
 *
 * - R1 An entry with an index already seen replaces it and everything after it, also at or below `start`:
 *   ```
 *   start 500;  records: 1..600 (term 2)  450..500 (term 3)  |crash
 *   the log is 1..500; entries 501..600 of term 2 are gone, although no record says so for each of them
 *   ```
 * - R2 A snapshot of the leader replaces the log: the log has no entry of its index *and* term. What was read before
 *   it does not precede what comes after it. A snapshot of this member's own state changes nothing.
 * - R3 Such a replacement counts once the commit index covers it. A crash between the snapshot record and the hard
 *   state leaves it void: nothing had been acknowledged on top of it, and the old log goes on.
 * - R4 Until then an entry above it belongs on top of it exactly if the entry's term is not below the snapshot's:
 *   such a leader has the snapshot's entry, and the old log has not (Raft §5.4, leader completeness).
 */
import type { Entry, HardState, LogIndex, SnapshotMeta, Term } from '@kv/raft';
import { RaftError } from '@kv/raft';
import { decodeEntry, decodeHardState } from '@kv/raft/codec';
import { WalError, type WalErrorCode } from './errors.js';
import type { SnapshotId } from './options.js';
import { decodeSnapshotRecord } from './proto.js';
import { Slab } from './slab.js';
import { RecordType, type RecordBounds } from './record.js';

/** A record that cannot be part of this log; the caller adds file and offset. */
export class ReplayProblem {
  readonly code: WalErrorCode;
  readonly reason: string;

  constructor(code: WalErrorCode, reason: string) {
    this.code = code;
    this.reason = reason;
  }
}

export class Replay {
  readonly #start: SnapshotId;
  readonly #entries: Entry[] = [];
  readonly #slab: Slab = new Slab();
  #metadata: Uint8Array | undefined;
  #hardState: HardState | undefined;
  /** The record of `start`, once seen. */
  #found: SnapshotMeta | undefined;
  /** Term of the log's entry at `start.index`, if the log has one there now. */
  #termAtStart: Term | undefined;
  /** A snapshot of the leader, `start` or above it, of which it is not yet known whether it counts (R2, R3). */
  #replacement: SnapshotMeta | undefined;

  constructor(start: SnapshotId) {
    this.#start = start;
  }

  get metadata(): Uint8Array | undefined {
    return this.#metadata;
  }

  get hardState(): HardState | undefined {
    return this.#hardState;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** The record of `start`, if it was found at or below the commit index. */
  get snapshot(): SnapshotMeta | undefined {
    const commit = this.#hardState?.commit ?? 0;
    return this.#found !== undefined && this.#found.index <= commit ? this.#found : undefined;
  }

  /** The last entry's index, or that of `start`. */
  get lastIndex(): LogIndex {
    return this.#entries.at(-1)?.index ?? this.#start.index;
  }

  /** Takes the next record; its data is copied where it is kept. */
  take(bytes: Uint8Array, record: RecordBounds): ReplayProblem | undefined {
    try {
      switch (record.type) {
        case RecordType.metadata:
          return this.#takeMetadata(bytes.slice(record.start, record.end));
        case RecordType.entry:
          return this.#takeEntry(decodeEntry(bytes, record.start, record.end));
        case RecordType.state:
          return this.#takeState(bytes, record);
        case RecordType.crc:
          return undefined;
        case RecordType.snapshot:
          return this.#takeSnapshot(decodeSnapshotRecord(bytes.slice(record.start, record.end)));
        default:
          return new ReplayProblem('unknown-record', `record type ${record.type} is not known`);
      }
    } catch (error) {
      if (!(error instanceof RaftError)) throw error;
      return new ReplayProblem('corrupt', `a record of type ${record.type} holds ${error.message}`);
    }
  }

  /** After the last record: what is wrong with the whole, if anything. */
  finish(): ReplayProblem | undefined {
    if (this.#metadata === undefined) return new ReplayProblem('corrupt', 'no metadata record');
    const commit = this.#hardState?.commit ?? 0;
    const replacement = this.#replacement;
    if (replacement !== undefined && replacement.index <= commit) return this.#missing(replacement);
    if (this.snapshot !== undefined && commit > this.lastIndex) {
      return new ReplayProblem(
        'commit-beyond-log',
        `index ${commit} is committed, but the log ends at ${this.lastIndex}`,
      );
    }
    return undefined;
  }

  #takeMetadata(metadata: Uint8Array): ReplayProblem | undefined {
    const known = this.#metadata;
    this.#metadata ??= metadata;
    if (known === undefined || sameBytes(known, metadata)) return undefined;
    return new ReplayProblem(
      'metadata-conflict',
      'metadata differs from that of an earlier segment',
    );
  }

  #takeEntry(entry: Entry): ReplayProblem | undefined {
    if (entry.index === 0 || entry.term === 0) {
      return new ReplayProblem(
        'corrupt',
        `an entry has index ${entry.index} and term ${entry.term}`,
      );
    }
    const replacement = this.#replacement;
    if (replacement !== undefined) {
      if (entry.index <= replacement.index) this.#replacement = undefined;
      else if (entry.term >= replacement.term && !this.#adopt(replacement)) return undefined;
    }
    const offset = entry.index - this.#start.index - 1;
    if (offset < 0) {
      this.#entries.length = 0;
      this.#termAtStart = offset === -1 ? entry.term : undefined;
      return undefined;
    }
    if (offset > this.#entries.length) {
      return new ReplayProblem('entry-gap', `entry ${entry.index} follows entry ${this.lastIndex}`);
    }
    // Before the record of a leader's snapshot `start`, the log may still be the one that it replaced.
    const settled = this.#found !== undefined && this.#replacement === undefined;
    const startTerm = settled ? this.#start.term : 0;
    const previousTerm = this.#entries[offset - 1]?.term ?? startTerm;
    if (entry.term < previousTerm) {
      return new ReplayProblem(
        'corrupt',
        `entry ${entry.index} has term ${entry.term} after term ${previousTerm}`,
      );
    }
    this.#entries.length = offset;
    const { term, index, type } = entry;
    this.#entries.push({ term, index, type, data: this.#slab.copy(entry.data) });
    return undefined;
  }

  #takeState(bytes: Uint8Array, record: RecordBounds): ReplayProblem | undefined {
    // The type of a record is outside its CRC. A hard state has its term first; an entry begins otherwise, unless it
    // is a configuration change, and that has data.
    const state = decodeHardState(bytes, record.start, record.end);
    if (bytes[record.start] !== 0x08 || hasEntryData(bytes, record)) {
      return new ReplayProblem('corrupt', 'a hard state record holds something else');
    }
    const known = this.#hardState;
    if (known !== undefined && state.term < known.term) {
      return new ReplayProblem(
        'corrupt',
        `the hard state's term falls from ${known.term} to ${state.term}`,
      );
    }
    this.#hardState = state;
    const replacement = this.#replacement;
    if (replacement !== undefined && replacement.index <= state.commit) this.#adopt(replacement);
    return undefined;
  }

  /** The log begins at `replacement` now; false if that is not where this replay starts. */
  #adopt(replacement: SnapshotMeta): boolean {
    if (replacement.index !== this.#start.index) return false;
    this.#entries.length = 0;
    this.#replacement = undefined;
    return true;
  }

  #takeSnapshot(meta: SnapshotMeta | undefined): ReplayProblem | undefined {
    if (meta === undefined)
      return new ReplayProblem('corrupt', 'a snapshot record holds something else');
    const { index, term } = this.#start;
    if (meta.index < index) return undefined;
    if (meta.index === index && meta.term !== term) {
      return new ReplayProblem(
        'snapshot-mismatch',
        `snapshot ${index} has term ${term} as a file and ${meta.term} in the log`,
      );
    }
    if (meta.index === index) this.#found = meta;
    const known =
      meta.index === index ? this.#termAtStart : this.#entries[meta.index - index - 1]?.term;
    if (meta.index > 0 && known !== meta.term) this.#replacement = meta;
    return undefined;
  }

  #missing(meta: SnapshotMeta): ReplayProblem {
    return new ReplayProblem(
      'snapshot-missing',
      `the log was replaced by the leader's snapshot at index ${meta.index}, term ${meta.term}, which is not there`,
    );
  }
}

/** The problem as an error that names the place. */
export function replayError(problem: ReplayProblem, file: string, offset: number): WalError {
  return new WalError(
    problem.code,
    `${file}, offset ${offset}: ${problem.reason}; ${adviceOf(problem.code)}`,
    {
      file,
      offset,
    },
  );
}

/** What to do about a log that cannot be used. */
export function adviceOf(code: WalErrorCode): string {
  switch (code) {
    case 'unknown-record':
      return 'it was written by a newer version: start that one';
    case 'metadata-conflict':
      return 'files of two members are mixed: put the right ones back';
    case 'sequence-gap':
    case 'snapshot-missing':
    case 'snapshot-mismatch':
      return 'put the missing file back, or remove this member and add it again with an empty data directory';
    default:
      return 'nothing was changed; remove this member from the cluster and add it again with an empty data directory, or restore a backup';
  }
}

/** Field 4 of an Entry is its data; a HardState ends with field 3. */
function hasEntryData(bytes: Uint8Array, record: RecordBounds): boolean {
  let at = record.start;
  for (let fields = 0; fields < 3 && at < record.end; fields++) {
    at++;
    while (at < record.end && (bytes[at] ?? 0) >= 0x80) at++;
    at++;
  }
  return at < record.end && bytes[at] === 0x22;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
