/**
 * What the parts of a store share: backend, index, cache, state, pins, and whether all of it may still be used. Internal:
 * views, transactions, compaction, hashes and history each get this object and nothing of each other.
 */
import { Buffer } from 'node:buffer';
import type { Backend } from './backend/backend.js';
import { deletedKeyValue, HeadReader, RecordEncoder } from './codec/record.js';
import type { EncodedRecord } from './codec/record.js';
import { CommitGroup } from './commit-group.js';
import { corruptError, MvccError } from './errors.js';
import { KeyIndex } from './index/key-index.js';
import { invariant } from './invariant.js';
import type { MvccLimits } from './limits.js';
import type { Key, Revision, StoredKeyValue } from './model.js';
import type { RevisionProblem } from './options.js';
import { RecentRecords } from './recent-records.js';
import { RecordCache } from './record-cache.js';
import { RecordRun } from './record-run.js';
import { StoreState } from './store-state.js';

/** The store's own rows. No bucket of etcd has this name. */
export const stateBucket = '~store';
export const stateKey: Uint8Array = new TextEncoder().encode('state');

/** In the bucket `meta`, as in etcd: the configuration that goes with the consistent index. */
export const confStateKey: Uint8Array = new TextEncoder().encode('confState');

/** Stands where a record is about to be loaded. Never seen outside of `loadMany`. */
const placeholder: StoredKeyValue = deletedKeyValue('' as Key, 0);

export class StoreCore {
  backend: Backend;
  readonly limits: MvccLimits;
  readonly verify: boolean;
  readonly index: KeyIndex = new KeyIndex();
  /** What was written just now, and what was read just now. */
  readonly recent: RecentRecords;
  readonly cache: RecordCache;
  readonly encoder: RecordEncoder = new RecordEncoder();
  readonly headReader: HeadReader = new HeadReader();
  state: StoreState = new StoreState();
  /** The transaction of the backend, which several batches share. */
  readonly group: CommitGroup;
  /** True while a batch is open. */
  inTransaction = false;
  /** True between `beginRequest` and `endRequest`. */
  inRequest = false;
  /** What was done since the store was opened; goes on when the database is replaced. */
  work: { putBytes: number; removedRecords: number } = { putBytes: 0, removedRecords: 0 };
  /** Pins that are held. */
  pinCount = 0;
  private readonly pins = new Map<number, number>();
  private failure: MvccError | undefined;

  constructor(backend: Backend, limits: MvccLimits, verify: boolean) {
    this.backend = backend;
    this.limits = limits;
    this.verify = verify;
    this.recent = new RecentRecords(limits.recordCacheBytesMax / 2);
    this.cache = new RecordCache(limits.recordCacheBytesMax / 2);
    this.group = new CommitGroup(
      {
        begin: () => {
          this.backend.begin();
        },
        commit: () => {
          this.writeState();
          this.backend.commit();
        },
      },
      limits,
    );
  }

  /** Throws if the store is closed or poisoned. */
  guard(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  /** Makes every later call fail. An operating error stays itself for the caller at hand. */
  poison(cause: unknown): void {
    if (this.failure !== undefined) return;
    const what = cause instanceof Error ? cause.message : String(cause);
    this.failure = new MvccError(
      'poisoned',
      `${this.backend.name}: the store stopped after: ${what}. Restart this member`,
      { cause },
    );
  }

  /** Another database has taken the place of this one: whoever still reads here is told. */
  markReplaced(): void {
    this.failure = new MvccError(
      'replaced',
      `${this.backend.name}: the store was replaced by a snapshot. Read again`,
    );
    this.cache.clear();
  }

  markClosed(): void {
    this.failure = new MvccError('closed', `${this.backend.name}: the store is closed`);
    this.recent.clear();
    this.cache.clear();
  }

  /** Whether `at` can be read now: undefined if it can. */
  revisionProblem(at: number): RevisionProblem | undefined {
    const { revision, scheduledCompactRevision } = this.state;
    const requested = at as Revision;
    if (at > revision) return { type: 'future', requested, revision: revision as Revision };
    if (at < scheduledCompactRevision) {
      return {
        type: 'compacted',
        requested,
        compactRevision: scheduledCompactRevision as Revision,
      };
    }
    return undefined;
  }

  /**
   * Asserts that nothing of the state at `at` was removed (I6): whoever reads it after it was compacted has held a pin at or
   * below it since before. Views and cursors ask, because without it they would give an older answer for the right one.
   */
  assertReadable(at: number): void {
    if (at >= this.state.scheduledCompactRevision || this.lowestPin() <= at) return;
    invariant(false, 'I6 a compacted revision is read under a pin only', {
      at,
      compactRevision: this.state.scheduledCompactRevision,
    });
  }

  pin(revision: number): () => void {
    this.pins.set(revision, (this.pins.get(revision) ?? 0) + 1);
    this.pinCount++;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.pinCount--;
      const count = (this.pins.get(revision) ?? 1) - 1;
      if (count === 0) this.pins.delete(revision);
      else this.pins.set(revision, count);
    };
  }

  /** The lowest pinned revision, or infinity. */
  lowestPin(): number {
    let lowest = Infinity;
    for (const revision of this.pins.keys()) lowest = Math.min(lowest, revision);
    return lowest;
  }

  /** The pair of the put record `seq`, which the index says belongs to `key`. */
  load(seq: number, key: Key): StoredKeyValue {
    const cached = this.cache.get(seq);
    if (cached !== undefined) return cached;
    const recent = this.loadRecent(seq, key);
    // Copied, because the slab would otherwise live as long as this entry.
    const kv =
      recent === undefined
        ? this.loadStored(seq, key)
        : { ...recent, encoded: recent.encoded.slice() };
    this.cache.put(seq, kv);
    return kv;
  }

  /** As `load`, for many: appended to `into` in order. What is not cached is not cached by this, for it may be large. */
  loadMany(seqs: readonly number[], keys: readonly Key[], into: StoredKeyValue[]): void {
    const first = into.length;
    const missing: number[] = [];
    for (const [i, seq] of seqs.entries()) {
      const cached = this.cache.get(seq) ?? this.loadRecent(seq, keys[i]);
      if (cached !== undefined) into.push(cached);
      else {
        missing.push(i);
        into.push(placeholder);
      }
    }
    if (missing.length === 0) return;
    const run = this.backend.readRecords(missing.map((i) => seqs[i] ?? 0));
    let at = 0;
    for (const i of missing) {
      const seq = seqs[i] ?? 0;
      this.verifyRecord(run, at, seq, keys[i]);
      into[first + i] = this.keyValueAt(run, seq, keys[i]);
      at = this.headReader.headEnd + this.headReader.tailBytes;
    }
  }

  private loadStored(seq: number, key: Key): StoredKeyValue {
    const bytes = this.backend.readRecord(seq);
    if (bytes === undefined) throw this.corruptRecord(seq, 'the record is missing');
    this.verifyRecord(bytes, 0, seq, key);
    return this.keyValueAt(bytes, seq, key);
  }

  /** From memory that nobody else has had. */
  private loadRecent(seq: number, key: Key | undefined): StoredKeyValue | undefined {
    return this.recent.read(seq, (slab, start) => {
      const isWhole = this.headReader.parse(slab, start, slab.length);
      invariant(isWhole && this.headReader.seq === seq, 'a recent record is where it was put', {
        seq,
      });
      return this.keyValueAt(slab, seq, key);
    });
  }

  /** Reads the head of the put record `seq` of `key` at `bytes[start]`, and verifies all of it. */
  private verifyRecord(bytes: Uint8Array, start: number, seq: number, key: Key | undefined): void {
    const head = this.headReader;
    if (start >= bytes.length) throw this.corruptRecord(seq, 'the record is missing');
    if (!head.read(bytes, start, bytes.length) || !head.readTail(bytes, bytes.length)) {
      throw this.corruptRecord(seq, head.problem ?? 'unreadable');
    }
    if (head.seq !== seq) throw this.corruptRecord(seq, `record ${head.seq} is in its place`);
    // An older page whose checksums are right: a write that the disk lost, from before the number was used again.
    if (head.isTombstone || !isKeyOf(head, bytes, key)) {
      throw this.corruptRecord(seq, 'another one of its number is in its place');
    }
  }

  /** The pair whose head has just been read. The result shares its bytes. */
  private keyValueAt(bytes: Uint8Array, seq: number, key: Key | undefined): StoredKeyValue {
    const head = this.headReader;
    invariant(
      !head.isTombstone && key?.length === head.keyEnd - head.keyStart,
      'I3 the index points at a record of its key',
      { seq },
    );
    return {
      key,
      createRevision: head.created as Revision,
      modRevision: head.main as Revision,
      version: head.version,
      lease: head.lease,
      encoded: bytes.subarray(head.keyValueStart, head.headEnd + head.tailBytes),
    };
  }

  /** Walks what `scanHeads` returned for records after `after`. */
  heads(bytes: Uint8Array, after: number): RecordRun {
    return RecordRun.heads(this.headReader, bytes, after, this.backend.name);
  }

  /** Walks what `scanRecords` returned for records after `after`. */
  records(bytes: Uint8Array, after: number): RecordRun {
    return RecordRun.records(this.headReader, bytes, after, this.backend.name);
  }

  corruptRecord(seq: number, what: string): MvccError {
    return corruptError(this.backend.name, `record ${seq}: ${what}`);
  }

  /** Adds the record that the encoder made last. */
  append(seq: number, record: EncodedRecord): void {
    this.recent.add(seq, this.encoder.slab, this.encoder.start);
    this.backend.appendRecord(seq, record.head, record.tail);
    this.state.records.add(record.checksum);
    this.group.added(record.head.length + record.tail.length);
  }

  /** Commits the batches that are not yet: before anybody looks at the backend who is not this store. Errors poison. */
  commitGroup(): void {
    invariant(!this.inTransaction, 'commits happen between batches');
    if (this.failure !== undefined) return;
    try {
      this.group.commit();
    } catch (error) {
      this.abandon(error);
      throw error;
    }
  }

  /** The state row: the last thing in every transaction of the backend. */
  private writeState(): void {
    this.state.verify();
    this.backend.writeRow(stateBucket, stateKey, this.state.encode());
  }

  /**
   * Runs `work` as a batch of its own: compaction slices. Errors poison, as in a batch.
   */
  transact<T>(work: () => T): T {
    this.guard();
    invariant(!this.inTransaction, 'transactions do not nest');
    this.inTransaction = true;
    try {
      this.group.begin();
      const result = work();
      this.group.end();
      return result;
    } catch (error) {
      this.abandon(error);
      throw error;
    } finally {
      this.inTransaction = false;
    }
  }

  /** Rolls back and poisons. A rollback that fails as well adds nothing: the first error is the one to report. */
  abandon(cause: unknown): void {
    this.poison(cause);
    try {
      this.backend.rollback();
    } catch {
      // The connection is unusable; recovery at the next start rolls back.
    }
  }
}

/** Whether `key` is that of the record that `head` has read from `bytes`. */
function isKeyOf(head: HeadReader, bytes: Uint8Array, key: Key | undefined): boolean {
  const { keyStart } = head;
  if (key?.length !== head.keyEnd - keyStart) return false;
  for (let i = 0; i < key.length; i++) {
    if (bytes[keyStart + i] !== key.charCodeAt(i)) return false;
  }
  return true;
}

/** The key of the record that `head` has read from `bytes`. */
export function keyOf(head: HeadReader, bytes: Uint8Array): Key {
  const view = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.toString('latin1', head.keyStart, head.keyEnd) as Key;
}
