/**
 * The store: owner of one backend, the index of its keys, and every job on them. Composition only; each job has a file.
 *
 * Synchronous but for opening, checkpoints, images and closing. One owner; not to be shared between threads.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type {
  BucketName,
  BucketReader,
  HistoryCursor,
  HistoryQuery,
  Pin,
  ReadView,
  WriteTxn,
} from './api.js';
import type { Backend, BackendSize } from './backend/backend.js';
import { Bucket } from './bucket.js';
import { Compactor } from './compaction.js';
import type { CompactProgress } from './compaction.js';
import { hashAllTask, hashKvTask } from './hash.js';
import { RecordHistory } from './history.js';
import { invariant } from './invariant.js';
import { defaultMvccLimits } from './limits.js';
import type { Key, LeaseId, Revision, StoredKeyValue, StoreEvent } from './model.js';
import type {
  ConsistentIndex,
  KeyValueHash,
  MvccOptions,
  RevisionProblem,
  SlicedTask,
  StoreImage,
} from './options.js';
import { PreparedStore } from './prepared-store.js';
import { NewestView, PastView, RevisionPin } from './read-view.js';
import { recover } from './recovery.js';
import { confStateKey, stateBucket, stateKey, StoreCore } from './store-core.js';
import { StoreState } from './store-state.js';
import { BatchTxn } from './write-txn.js';

/** Counts for metrics and status; each is O(1). */
export interface StoreCounts {
  /** Keys that exist. */
  readonly liveKeys: number;
  /** Keys in the index: with deleted ones that were not compacted yet. */
  readonly indexedKeys: number;
  /** Revisions in the index. */
  readonly revisions: number;
  /** Records in the caches of what was written and of what was read. */
  readonly cachedRecords: number;
  /** Reads that hold their revision back from compaction. */
  readonly pins: number;
}

/** What was done since the store was opened. Only grows. */
export interface StoreWork {
  /** Keys and values of all puts. */
  readonly putBytes: number;
  /** Records that compactions have removed. */
  readonly removedRecords: number;
}

export class MvccStore {
  private core: StoreCore;
  private newest: NewestView;
  private compactor: Compactor;
  private leases: ReadonlyMap<Key, LeaseId>;
  private closing: Promise<void> | undefined;

  private constructor(core: StoreCore, leases: ReadonlyMap<Key, LeaseId>) {
    this.core = core;
    this.newest = new NewestView(core);
    this.compactor = new Compactor(core);
    this.leases = leases;
  }

  /**
   * Opens the store in `backend`, which it owns from now on and closes if opening fails. Verifies what it reads: MvccError
   * `corrupt` if anything is missing or damaged. A compaction that was interrupted is taken up by `compactSlice`.
   */
  static async open(backend: Backend, options: MvccOptions = {}): Promise<MvccStore> {
    const limits = { ...defaultMvccLimits, ...options.limits };
    const core = new StoreCore(backend, limits, options.verify ?? false);
    try {
      const leases = await recover(core);
      if (core.verify) core.index.verify();
      return new MvccStore(core, leases);
    } catch (error) {
      // Why it failed is what the caller needs; that closing a damaged database fails as well adds nothing.
      await backend.close().catch(() => undefined);
      throw error;
    }
  }

  /** Main revision of the newest request; 1 in a fresh store. */
  get revision(): Revision {
    return this.core.state.revision as Revision;
  }

  /** Reads below it fail; -1 if the store was never compacted. */
  get compactRevision(): Revision {
    return this.core.state.scheduledCompactRevision as Revision;
  }

  /** The compaction whose removal is complete; -1 if none. */
  get finishedCompactRevision(): Revision {
    return this.core.state.finishedCompactRevision as Revision;
  }

  /** Log position whose effects the store shows; what is durable of it, `checkpoint` tells. */
  get consistentIndex(): ConsistentIndex {
    return { index: this.core.state.consistentIndex, term: this.core.state.term };
  }

  /** The configuration stored last with a consistent index: JSON as etcd writes it. */
  get confState(): Uint8Array | undefined {
    return this.bucket('meta').get(confStateKey);
  }

  get counts(): StoreCounts {
    const { index, cache, recent } = this.core;
    return {
      liveKeys: index.liveKeys,
      indexedKeys: index.keys,
      revisions: index.revisions,
      cachedRecords: cache.entries + recent.count,
      pins: this.core.pinCount,
    };
  }

  get work(): StoreWork {
    return { ...this.core.work };
  }

  /** Keys attached to leases, as found by `open`. Once: the lessor takes it over, and the store forgets it. */
  takeRecoveredLeases(): ReadonlyMap<Key, LeaseId> {
    const { leases } = this;
    this.leases = new Map();
    return leases;
  }

  /**
   * The view of the newest state, or of the state at `at`. Not inside a request: what it has changed so far is seen only
   * through its transaction.
   */
  read(at?: Revision): ReadView | RevisionProblem {
    this.core.guard();
    invariant(!this.core.inRequest, 'a running request is read through its transaction');
    if (at === undefined) return this.newest;
    return this.core.revisionProblem(at) ?? new PastView(this.core, at);
  }

  /** The view of the newest state. */
  readNewest(): ReadView {
    this.core.guard();
    invariant(!this.core.inRequest, 'a running request is read through its transaction');
    return this.newest;
  }

  /** Opens the transaction of a batch. End it within this turn of the event loop. */
  begin(): WriteTxn {
    return new BatchTxn(this.core, this.newest, () => {
      this.compactor.onSchedule();
    });
  }

  /** A promise to wait for before the next `begin`, if there is one. Not waiting is safe; see `Backend.gate`. */
  gate(): Promise<void> | undefined {
    return this.core.backend.gate();
  }

  bucket(name: BucketName): BucketReader {
    this.core.guard();
    return new Bucket(this.core, name);
  }

  /** Keeps compaction from removing what reads at `revision` need. Release it soon: removal waits for it. */
  pin(revision: Revision): Pin {
    this.core.guard();
    return new RevisionPin(this.core, revision);
  }

  /** Events from `query.from` on. Whether that is compacted, the first `next` tells. */
  history(query: HistoryQuery): HistoryCursor {
    this.core.guard();
    return new RecordHistory(this.core, query);
  }

  /** The pair before the change of `event`: absent if there was none or its revision is compacted. */
  previous(event: StoreEvent): StoredKeyValue | undefined {
    const view = this.read((event.kv.modRevision - 1) as Revision);
    return view.type === 'view' ? view.get(event.kv.key) : undefined;
  }

  /**
   * Removes some of what the last compaction dropped, as a batch of its own. Call it between batches while it
   * returns `more`; after `waiting` again when pins were released.
   */
  compactSlice(): CompactProgress {
    return this.compactor.slice();
  }

  /** Hashes of finished compactions, ascending by revision, at most `compactionHashesMax`; in memory only. */
  get compactionHashes(): readonly KeyValueHash[] {
    return this.compactor.hashes;
  }

  /**
   * HashKV at `at`; the newest revision if absent. A revision whose compaction hash is known is answered from that, and
   * before it is checked, as in etcd. Negative revisions are hashed as such (observed.md 10).
   */
  hashKv(at?: number): SlicedTask<KeyValueHash> | RevisionProblem {
    this.core.guard();
    const known = this.compactor.hashes.find((hash) => hash.hashRevision === (at ?? 0));
    if (known !== undefined) return { step: () => known, close: () => undefined };
    if (at === undefined || at === 0) return hashKvTask(this.core, this.revision);
    const problem = at > 0 ? this.core.revisionProblem(at) : undefined;
    return problem ?? hashKvTask(this.core, at);
  }

  /** Hash over everything but the consistent index, term and storage version. */
  hash(): SlicedTask<number> {
    this.core.guard();
    return hashAllTask(this.core);
  }

  /**
   * Makes what is committed now durable, beside the work of this thread. Resolves with the log position that is durable:
   * the log may be cut below it, and only below it.
   */
  async checkpoint(): Promise<ConsistentIndex> {
    const { core } = this;
    core.guard();
    invariant(!core.inTransaction, 'a checkpoint starts between batches');
    core.commitGroup();
    const durable = this.consistentIndex;
    try {
      await core.backend.checkpoint(() => {
        core.commitGroup();
      });
    } catch (error) {
      core.poison(error);
      throw error;
    }
    return durable;
  }

  size(): BackendSize {
    this.core.guard();
    return this.core.backend.size();
  }

  /** Gives back some free pages of the database to the file system. Between batches. */
  reclaimSlice(): 'more' | 'done' {
    this.core.guard();
    invariant(!this.core.inTransaction, 'space is reclaimed between batches');
    this.core.commitGroup();
    try {
      return this.core.backend.reclaim(this.core.limits.reclaimPagesMax);
    } catch (error) {
      this.core.poison(error);
      throw error;
    }
  }

  /**
   * Gives all free pages back, a slice per turn of the event loop, and checkpoints, so that the file is smaller
   * afterwards. Reads and batches go on between slices.
   */
  async defragment(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (this.reclaimSlice() === 'more') await nextTurn(undefined, { signal });
    await this.checkpoint();
  }

  /** A consistent copy of the database as of some batch, not before the last one. The caller closes it. */
  async exportImage(): Promise<StoreImage> {
    const { core } = this;
    core.guard();
    invariant(!core.inTransaction, 'an image is taken between batches');
    core.commitGroup();
    const image = await core.backend.exportImage([
      { bucket: stateBucket, key: stateKey },
      { bucket: 'meta', key: confStateKey },
    ]);
    const [stored, conf] = image.rows;
    invariant(stored !== undefined, 'a store has its state row', { image: image.bytes });
    const { consistentIndex: index, term } = StoreState.decode(stored, core.backend.name);
    const confState =
      conf === undefined ? undefined : new Bucket(core, 'meta').opened(confStateKey, conf);
    return { ...image, consistentIndex: { index, term }, confState };
  }

  /**
   * Looks at the database in a file, as it came from another member: verifies all checksums of heads and rows, and builds its
   * index. Beside this store, which is served meanwhile. MvccError `corrupt`, `not-a-store`, `newer-schema`.
   */
  async prepare(path: string, backend: Backend): Promise<PreparedStore> {
    const core = new StoreCore(backend, this.core.limits, this.core.verify);
    try {
      const leases = await recover(core);
      const { consistentIndex: index, term } = core.state;
      const confState = new Bucket(core, 'meta').get(confStateKey);
      return new PreparedStore(path, { index, term }, confState, core, leases);
    } finally {
      await backend.close();
    }
  }

  /**
   * Puts a prepared database in the place of this one, of which nothing is left. A crash on the way leaves one or the other. Reads
   * that are under way fail with `replaced`; every later one sees the new state, and so does whoever holds this object. The
   * leases of its keys are there to be taken over again.
   */
  async install(prepared: PreparedStore): Promise<void> {
    this.core.guard();
    invariant(!this.core.inTransaction, 'the store is replaced between batches');
    try {
      // So that little is left to do in the turn in which it is closed.
      await this.checkpoint();
      await this.core.backend.prepareReplacement(prepared.path);
      this.core.guard();
      const { core, leases } = prepared;
      core.backend = this.core.backend.replace();
      core.work = this.core.work;
      this.core.markReplaced();
      this.core = core;
      this.newest = new NewestView(core);
      this.compactor = new Compactor(core);
      this.leases = leases;
    } catch (error) {
      this.core.poison(error);
      throw error;
    }
  }

  /** Checks index, every checksum and the structure of the database; long. Problems found, empty if none. */
  verify(): string[] {
    this.core.guard();
    this.core.index.verify();
    return this.core.backend.verify();
  }

  /** Closes the backend. Idempotent; later calls of other methods fail with `closed`. */
  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private async closeOnce(): Promise<void> {
    invariant(!this.core.inTransaction, 'the store closes between batches');
    try {
      this.core.commitGroup();
    } finally {
      this.core.markClosed();
      await this.core.backend.close();
    }
  }
}
