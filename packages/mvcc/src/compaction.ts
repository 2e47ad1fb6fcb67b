/**
 * Removal of what a compaction dropped, in slices, each a transaction: examine some records in order, delete those that no
 * read at or above the compaction revision needs. Visibility changed before, when the compaction was applied.
 *
 * On the side it computes the hash of what it examines, as etcd does, so that members can compare it later.
 * Source: etcd v3.7.1 server/storage/mvcc/kvstore_compaction.go.
 */
import { RecordHasher } from './hash.js';
import type { Key, Revision } from './model.js';
import type { KeyValueHash } from './options.js';
import type { RecordRun } from './record-run.js';
import { keyOf } from './store-core.js';
import type { StoreCore } from './store-core.js';

/** Bytes that one slice loads at most, more only for one record. */
const sliceBytesMax = 4 * 1024 * 1024;

/** `waiting`: a pin below the compaction revision holds removal back. */
export type CompactProgress = 'more' | 'waiting' | 'done';

/** A hash that is being computed while its compaction removes. */
interface RunningHash {
  readonly hasher: RecordHasher;
  /** The compaction before: the `compact_revision` of the answer. */
  readonly compactRevision: number;
  /** False if nothing survives the compaction: then etcd hashes all that is there. */
  readonly anyKept: boolean;
}

export class Compactor {
  private readonly core: StoreCore;
  private hash: RunningHash | undefined;
  private pendingHashOf: number | undefined;
  private finishedHashes: readonly KeyValueHash[] = [];

  constructor(core: StoreCore) {
    this.core = core;
  }

  /** Hashes of finished compactions, ascending by revision. */
  get hashes(): readonly KeyValueHash[] {
    return this.finishedHashes;
  }

  /** A compaction is about to be scheduled. Its hash is only worth having if the one before is complete. */
  onSchedule(): void {
    const { finishedCompactRevision, scheduledCompactRevision } = this.core.state;
    this.hash = undefined;
    this.pendingHashOf =
      finishedCompactRevision === scheduledCompactRevision ? scheduledCompactRevision : undefined;
  }

  slice(): CompactProgress {
    const { core } = this;
    const { state, limits } = core;
    core.guard();
    const revision = state.scheduledCompactRevision;
    if (revision === state.finishedCompactRevision) return 'done';
    if (core.lowestPin() < revision) return 'waiting';
    this.startHash(revision);
    const finished = core.transact(() => {
      const from = state.compactedBelowSeq;
      const bytes = core.backend.scanRecords(from, limits.compactionRecordsMax, sliceBytesMax);
      const examined = this.examine(bytes, from - 1, revision);
      state.compactedBelowSeq = examined.nextSeq;
      if (!examined.finished) return false;
      state.finishedCompactRevision = revision;
      state.compactedBelowSeq = 0;
      return true;
    });
    if (!finished) return 'more';
    this.finishHash(revision);
    return 'done';
  }

  /** Deletes what goes, in as few calls as there are gaps. */
  private examine(
    bytes: Uint8Array,
    after: number,
    revision: number,
  ): { readonly nextSeq: number; readonly finished: boolean } {
    const { core } = this;
    const run = core.records(bytes, after);
    let dropFirst = 0;
    let dropLast = 0;
    const drop = (): void => {
      if (dropFirst > 0) core.backend.deleteRecords(dropFirst, dropLast);
      dropFirst = 0;
    };
    let nextSeq = after + 1;
    let past = bytes.length === 0;
    while (!past && run.next()) {
      const { head } = run;
      past = head.main > revision;
      if (past) break;
      nextSeq = run.seq + 1;
      const stays = core.index.compact(keyOf(head, bytes), run.seq, revision);
      this.feed(bytes, run, stays);
      if (stays) {
        drop();
        continue;
      }
      core.state.records.remove(head.checksum);
      core.work.removedRecords++;
      if (dropFirst === 0) dropFirst = run.seq;
      dropLast = run.seq;
    }
    drop();
    return { nextSeq, finished: past };
  }

  private feed(bytes: Uint8Array, run: RecordRun, stays: boolean): void {
    const { hash } = this;
    if (hash === undefined) return;
    const { head } = run;
    if (head.main <= hash.compactRevision) {
      if (hash.anyKept && !stays) return;
      if (head.isTombstone && head.main === hash.compactRevision) return;
    }
    hash.hasher.record(run, bytes);
  }

  private startHash(revision: number): void {
    if (this.pendingHashOf === undefined) return;
    const { core } = this;
    let anyKept = false;
    const hasher = new RecordHasher();
    hasher.name('key');
    core.index.forEachAt('' as Key, undefined, revision, (signedSeq, main) => {
      anyKept = signedSeq > 0 || main === revision;
      return !anyKept;
    });
    this.hash = { hasher, compactRevision: this.pendingHashOf, anyKept };
    this.pendingHashOf = undefined;
  }

  private finishHash(revision: number): void {
    const { hash } = this;
    this.hash = undefined;
    if (hash === undefined) return;
    const made: KeyValueHash = {
      hash: hash.hasher.value,
      compactRevision: hash.compactRevision as Revision,
      hashRevision: revision as Revision,
    };
    this.finishedHashes = [...this.finishedHashes, made].slice(
      -this.core.limits.compactionHashesMax,
    );
  }
}
