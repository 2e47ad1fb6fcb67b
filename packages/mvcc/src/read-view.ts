/** Reads: the view of the newest state, views of older ones, and the cursor that walks a range across turns. */
import type { Pin, ReadView } from './api.js';
import { encodeKeyOnly } from './codec/record.js';
import { rangeEnd, rangeStart } from './key-range.js';
import type { IndexMatches } from './index/key-index.js';
import type { Key, KeyRange, LeaseId, Revision, StoredKeyValue } from './model.js';
import type { RangeCursor } from './range-query.js';
import type { StoreCore } from './store-core.js';

/** Records that are loaded together at first; then so many that a group stays near `groupBytes`. */
const groupKeysFirst = 64;
const groupKeysMax = 1024;
const groupBytes = 512 * 1024;

/** The newest state. One object serves all reads: it follows the store. */
export class NewestView implements ReadView {
  readonly type = 'view';
  private readonly core: StoreCore;

  constructor(core: StoreCore) {
    this.core = core;
  }

  get revision(): Revision {
    return this.core.state.revision as Revision;
  }

  get(key: Key): StoredKeyValue | undefined {
    this.core.guard();
    const seq = this.core.index.liveSeq(key);
    return seq === 0 ? undefined : this.core.load(seq, key);
  }

  has(key: Key): boolean {
    this.core.guard();
    return this.core.index.liveSeq(key) !== 0;
  }

  count(range: KeyRange): number {
    this.core.guard();
    return this.core.index.countNewest(range);
  }

  cursor(range: KeyRange, options: { readonly keysOnly: boolean }): RangeCursor {
    this.core.guard();
    return new IndexCursor(this.core, range, this.core.state.revision, options.keysOnly);
  }
}

/** The state at one revision, for as long as that is not compacted. */
export class PastView implements ReadView {
  readonly type = 'view';
  readonly revision: Revision;
  private readonly core: StoreCore;

  constructor(core: StoreCore, revision: Revision) {
    this.core = core;
    this.revision = revision;
  }

  get(key: Key): StoredKeyValue | undefined {
    const seq = this.seqOf(key);
    return seq === 0 ? undefined : this.core.load(seq, key);
  }

  has(key: Key): boolean {
    return this.seqOf(key) !== 0;
  }

  count(range: KeyRange): number {
    this.core.guard();
    this.core.assertReadable(this.revision);
    const { index, state } = this.core;
    return state.revision === this.revision
      ? index.countNewest(range)
      : index.countAt(range, this.revision);
  }

  cursor(range: KeyRange, options: { readonly keysOnly: boolean }): RangeCursor {
    this.core.guard();
    return new IndexCursor(this.core, range, this.revision, options.keysOnly);
  }

  private seqOf(key: Key): number {
    this.core.guard();
    this.core.assertReadable(this.revision);
    const slot = this.core.index.find(key);
    return slot < 0 ? 0 : this.core.index.seqAt(slot, this.revision);
  }
}

/**
 * Walks a range at a fixed revision. Resumes by key, so the index may change between steps; pins its revision as soon as
 * it has to go on in another step, so compaction may too.
 */
class IndexCursor implements RangeCursor {
  private readonly core: StoreCore;
  private readonly at: number;
  private readonly end: Key | undefined;
  private readonly keysOnly: boolean;
  private position: Key | undefined;
  private release: (() => void) | undefined;
  private groupKeys = groupKeysFirst;

  constructor(core: StoreCore, range: KeyRange, at: number, keysOnly: boolean) {
    this.core = core;
    this.at = at;
    this.end = rangeEnd(range);
    this.keysOnly = keysOnly;
    this.position = rangeStart(range);
  }

  get done(): boolean {
    return this.position === undefined;
  }

  next(keysMax: number): StoredKeyValue[] {
    this.core.guard();
    this.core.assertReadable(this.at);
    const { readBytesPerStepMax, readKeysPerStepMax, readRecordsPerStepMax } = this.core.limits;
    const matchesMax = this.keysOnly ? keysMax : Math.min(keysMax, readRecordsPerStepMax);
    const kvs: StoredKeyValue[] = [];
    let visitsLeft = readKeysPerStepMax;
    let bytes = 0;
    while (
      this.position !== undefined &&
      kvs.length < matchesMax &&
      visitsLeft > 0 &&
      bytes < readBytesPerStepMax
    ) {
      const before = kvs.length;
      visitsLeft -= this.collect(Math.min(matchesMax - before, this.groupKeys), visitsLeft, kvs);
      let groupSize = 0;
      for (let i = before; i < kvs.length; i++) groupSize += kvs[i]?.encoded.length ?? 0;
      bytes += groupSize;
      this.adapt(kvs.length - before, groupSize);
    }
    if (this.position === undefined) this.close();
    else this.release ??= this.core.pin(this.at);
    return kvs;
  }

  close(): void {
    this.position = undefined;
    this.release?.();
    this.release = undefined;
  }

  /** Loads the next group; returns how many keys it visited at least. */
  private collect(matchesMax: number, visitsMax: number, into: StoredKeyValue[]): number {
    const start = this.position;
    if (start === undefined) return 0;
    const { core } = this;
    const matches: IndexMatches = { keys: [], seqs: [], slots: [] };
    this.position = core.index.collect(start, this.end, this.at, matchesMax, visitsMax, matches);
    if (this.keysOnly) this.keysOf(matches, into);
    else core.loadMany(matches.seqs, matches.keys, into);
    // A group that ended before its matches were complete visited all it was allowed to.
    return matches.keys.length < matchesMax ? visitsMax : matchesMax;
  }

  private keysOf(matches: IndexMatches, into: StoredKeyValue[]): void {
    const { index } = this.core;
    for (const [i, key] of matches.keys.entries()) {
      const slot = matches.slots[i] ?? -1;
      const seq = matches.seqs[i] ?? 0;
      if (index.isNewest(slot, seq)) {
        into.push(keyOnly(key, index.created(slot), index.main(slot), index.version(slot)));
      } else {
        // The index holds creation and version of the newest record only.
        const kv = this.core.load(seq, key);
        into.push(keyOnly(key, kv.createRevision, kv.modRevision, kv.version));
      }
    }
  }

  /** Aims the next group at a number of bytes, so that large values do not pile up in one step. */
  private adapt(keys: number, bytes: number): void {
    if (keys === 0) return;
    const fitting = Math.floor(groupBytes / Math.max(1, bytes / keys));
    this.groupKeys = Math.max(1, Math.min(groupKeysMax, fitting));
  }
}

function keyOnly(key: Key, created: number, main: number, version: number): StoredKeyValue {
  return {
    key,
    createRevision: created as Revision,
    modRevision: main as Revision,
    version,
    lease: 0n as LeaseId,
    encoded: encodeKeyOnly(key, created, main, version),
  };
}

/** Keeps a revision readable across turns. */
export class RevisionPin implements Pin {
  readonly revision: Revision;
  readonly release: () => void;

  constructor(core: StoreCore, revision: Revision) {
    this.revision = revision;
    this.release = core.pin(revision);
  }
}
