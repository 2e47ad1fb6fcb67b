/** The transaction of a batch of entries: changes of keys request by request, rows of buckets, the consistent index. */
import type { BucketName, BucketWriter, ReadView, RequestResult, WriteTxn } from './api.js';
import { WritableBucket } from './bucket.js';
import { deletedKeyValue } from './codec/record.js';
import { rangeEnd, rangeStart } from './key-range.js';
import { invariant } from './invariant.js';
import type { Key, KeyRange, LeaseId, Revision, StoredKeyValue, StoreEvent } from './model.js';
import type { CompactOutcome, ConsistentIndex, RevisionProblem } from './options.js';
import { runRangeQuery } from './range-query.js';
import type { RangeQuery, RangeQueryResult } from './range-query.js';
import { PastView } from './read-view.js';
import type { NewestView } from './read-view.js';
import { confStateKey } from './store-core.js';
import type { StoreCore } from './store-core.js';

/** Where a transaction stands; anything else than what a method needs is a bug of its caller. */
type Phase = 'between requests' | 'in a request' | 'ended';

export class BatchTxn implements WriteTxn {
  private readonly core: StoreCore;
  private readonly newest: NewestView;
  private readonly onCompact: (revision: number) => void;
  private readonly buckets = new Map<BucketName, WritableBucket>();
  private phase: Phase = 'between requests';
  private events: StoreEvent[] = [];
  private revisionBefore: number;

  /** Begins a batch in the backend's transaction. `onCompact` hears of a new compaction revision before it takes effect. */
  constructor(core: StoreCore, newest: NewestView, onCompact: (revision: number) => void) {
    this.core = core;
    this.newest = newest;
    this.onCompact = onCompact;
    this.revisionBefore = core.state.revision;
    core.guard();
    invariant(!core.inTransaction, 'transactions do not nest');
    try {
      core.group.begin();
    } catch (error) {
      core.poison(error);
      throw error;
    }
    core.inTransaction = true;
  }

  get revision(): Revision {
    return this.revisionBefore as Revision;
  }

  beginRequest(): void {
    this.expect('between requests');
    this.phase = 'in a request';
    this.core.inRequest = true;
    this.events = [];
    this.revisionBefore = this.core.state.revision;
  }

  endRequest(): RequestResult {
    this.expect('in a request');
    this.phase = 'between requests';
    this.core.inRequest = false;
    const { events } = this;
    const revision = this.core.state.revision;
    invariant(
      revision === this.revisionBefore + (events.length > 0 ? 1 : 0),
      'I2 a request takes one revision exactly if it changed something',
      { revision, before: this.revisionBefore, events: events.length },
    );
    this.revisionBefore = revision;
    this.events = [];
    return { revision: revision as Revision, events };
  }

  put(key: Key, value: Uint8Array, lease: LeaseId): StoredKeyValue {
    this.expect('in a request');
    const { core } = this;
    try {
      const main = this.revisionBefore + 1;
      const sub = this.events.length;
      const seq = this.takeSeq(main);
      const slot = core.index.put(key, main, seq);
      const created = core.index.created(slot);
      const version = core.index.version(slot);
      const record = core.encoder.put(seq, key, value, main, sub, created, version, lease);
      core.append(seq, record);
      core.work.putBytes += key.length + value.length;
      const kv: StoredKeyValue = {
        key,
        createRevision: created as Revision,
        modRevision: main as Revision,
        version,
        lease,
        encoded: record.keyValue,
      };
      this.events.push({ type: 'put', kv, isCreate: created === main });
      return kv;
    } catch (error) {
      return this.fatal(error);
    }
  }

  deleteRange(range: KeyRange): number {
    this.expect('in a request');
    try {
      if (range.type === 'single') {
        if (this.core.index.liveSeq(range.key) === 0) return 0;
        this.deleteKey(range.key);
        return 1;
      }
      const matches = { keys: [], seqs: [], slots: [] };
      const { index } = this.core;
      index.collect(rangeStart(range), rangeEnd(range), Infinity, Infinity, Infinity, matches);
      for (const key of matches.keys) this.deleteKey(key);
      return matches.keys.length;
    } catch (error) {
      return this.fatal(error);
    }
  }

  view(): ReadView {
    this.expectOpen();
    return this.newest;
  }

  read(at: Revision): ReadView | RevisionProblem {
    this.expectOpen();
    const problem = this.core.revisionProblem(at);
    if (problem !== undefined) return problem;
    // The state before the running request's changes is older than what the newest view shows.
    return at === this.core.state.revision ? this.newest : new PastView(this.core, at);
  }

  range(query: RangeQuery): RangeQueryResult {
    this.expectOpen();
    return runRangeQuery(this.newest, query);
  }

  bucket(name: BucketName): BucketWriter {
    this.expectOpen();
    const known = this.buckets.get(name);
    if (known !== undefined) return known;
    const { backend, state } = this.core;
    const owner = { backend, state, guard: this.expectOpen.bind(this) };
    const made = new WritableBucket(owner, name, (error) => this.fatal(error));
    this.buckets.set(name, made);
    return made;
  }

  compact(revision: Revision): CompactOutcome {
    this.expect('between requests');
    const { state } = this.core;
    if (revision <= state.scheduledCompactRevision) {
      return {
        type: 'compacted',
        requested: revision,
        compactRevision: state.scheduledCompactRevision as Revision,
      };
    }
    if (revision > state.revision) {
      return { type: 'future', requested: revision, revision: state.revision as Revision };
    }
    this.onCompact(revision);
    state.scheduledCompactRevision = revision;
    state.compactedBelowSeq = 0;
    return { type: 'scheduled' };
  }

  setConsistentIndex(at: ConsistentIndex, confState?: Uint8Array): void {
    this.expect('between requests');
    const { state } = this.core;
    invariant(
      at.index >= state.consistentIndex && at.term >= state.term,
      'I5 consistent index and term never fall',
      { index: at.index, term: at.term, was: state.consistentIndex, wasTerm: state.term },
    );
    state.consistentIndex = at.index;
    state.term = at.term;
    if (confState !== undefined) this.bucket('meta').put(confStateKey, confState);
  }

  end(): void {
    this.expect('between requests');
    try {
      this.core.group.end();
    } catch (error) {
      this.fatal(error);
    }
    this.finish();
    if (this.core.verify) this.core.index.verify();
  }

  abort(cause: unknown): void {
    if (this.phase === 'ended') return;
    this.finish();
    this.core.abandon(cause);
  }

  private deleteKey(key: Key): void {
    const { core } = this;
    const main = this.revisionBefore + 1;
    const sub = this.events.length;
    const seq = this.takeSeq(main);
    core.index.remove(key, main, seq);
    const record = core.encoder.tombstone(seq, key, main, sub);
    core.append(seq, record);
    this.events.push({ type: 'delete', kv: deletedKeyValue(key, main), isCreate: false });
  }

  /** The next sequence number; the first change of a request moves the revision on. */
  private takeSeq(main: number): number {
    const { state } = this.core;
    state.revision = main;
    const seq = state.nextSeq;
    invariant(Number.isSafeInteger(seq + 1), 'I1 sequence numbers do not run out', { seq });
    state.nextSeq = seq + 1;
    return seq;
  }

  private expectOpen(): void {
    this.core.guard();
    invariant(this.phase !== 'ended', 'a transaction is used before it ends');
  }

  private expect(phase: Phase): void {
    this.core.guard();
    invariant(this.phase === phase, `the transaction is ${phase}`, { phase: this.phase });
  }

  private fatal(error: unknown): never {
    this.abort(error);
    throw error;
  }

  private finish(): void {
    this.phase = 'ended';
    this.core.inTransaction = false;
    this.core.inRequest = false;
  }
}
