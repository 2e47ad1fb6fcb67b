/**
 * The index of keys: for each key its revisions and where their records are. All of it in memory, in byte order.
 *
 * Knows nothing of values, transactions or disks. Invariants: K1 a slot's newest columns equal the last pair of its
 * history, if it has one. K2 a history holds at least two revisions; mains do not fall, seqs rise by magnitude.
 * K3 a key is live in the tree exactly if its newest seq is positive.
 */
import { invariant } from '../invariant.js';
import type { Key, KeyRange } from '../model.js';
import { rangeEnd, rangeStart } from '../key-range.js';
import { appendRevision, compactHistory, findAtOrBelow } from './key-history.js';
import { KeyTree } from './key-tree.js';
import { SlotTable } from './slot-table.js';
import type { KeyHistory } from './slot-table.js';

/** Some pairs of a range at a revision: parallel arrays, ascending by key. */
export interface IndexMatches {
  readonly keys: Key[];
  readonly seqs: number[];
  readonly slots: number[];
}

export class KeyIndex {
  private readonly slots = new SlotTable();
  private readonly tree = new KeyTree((slot) => this.slots.isLive(slot));
  private revisionsHeld = 0;

  /** Keys held, with deleted ones whose tombstone was not compacted yet. */
  get keys(): number {
    return this.tree.size;
  }

  /** Keys that exist at the newest revision. */
  get liveKeys(): number {
    return this.tree.live;
  }

  /** Revisions held for all keys together. */
  get revisions(): number {
    return this.revisionsHeld;
  }

  /** The slot of a key that the index holds, or -1. */
  find(key: Key): number {
    return this.tree.find(key);
  }

  /** Sequence number of the newest record of a live key; 0 if the key does not exist. */
  liveSeq(key: Key): number {
    const slot = this.tree.find(key);
    if (slot < 0) return 0;
    const seq = this.slots.signedSeq(slot);
    return seq > 0 ? seq : 0;
  }

  /** Sequence number of the record of `slot` that is visible at `at`; 0 if the key does not exist there. */
  seqAt(slot: number, at: number): number {
    const seq = this.signedSeqAt(slot, at);
    return seq > 0 ? seq : 0;
  }

  /** As seqAt, but negative for a tombstone; 0 only if the key has nothing at or below `at`. */
  signedSeqAt(slot: number, at: number): number {
    if (this.slots.main(slot) <= at) return this.slots.signedSeq(slot);
    const history = this.slots.history(slot);
    if (history === undefined) return 0;
    const position = findAtOrBelow(history, at);
    return position < 0 ? 0 : (history[position + 1] ?? 0);
  }

  /** True when `seq` is the newest record of its slot. */
  isNewest(slot: number, seq: number): boolean {
    return Math.abs(this.slots.signedSeq(slot)) === seq;
  }

  /** Main revision of the newest record of `slot`. */
  main(slot: number): number {
    return this.slots.main(slot);
  }

  /** Creation revision of a live key's generation. */
  created(slot: number): number {
    return this.slots.created(slot);
  }

  /** Version of a live key. */
  version(slot: number): number {
    return this.slots.version(slot);
  }

  /**
   * Adds a key to an index that holds only smaller keys: its newest revision and, if there is more than one, all of them.
   * Call `loaded` after the last key.
   */
  loadKey(
    key: Key,
    main: number,
    signedSeq: number,
    created: number,
    version: number,
    history: KeyHistory | undefined,
  ): void {
    const slot = this.slots.take();
    this.slots.setNewest(slot, main, signedSeq, created, version);
    if (history !== undefined) this.slots.setHistory(slot, history);
    this.revisionsHeld += history === undefined ? 1 : history.length >> 1;
    this.tree.loadKey(key, slot);
  }

  /** Ends loading. */
  loaded(): void {
    this.tree.loaded();
  }

  /** Adds a put; returns the slot, from which `created` and `version` of the new record can be read. */
  put(key: Key, main: number, seq: number): number {
    const located = this.tree.locate(key);
    this.revisionsHeld++;
    if (located < 0) {
      const slot = this.slots.take();
      this.slots.setNewest(slot, main, seq, main, 1);
      this.tree.insertLocated(key, slot);
      return slot;
    }
    const wasLive = this.slots.isLive(located);
    this.append(located, main, seq);
    if (wasLive) {
      const { created, version } = this.newest(located);
      this.slots.setNewest(located, main, seq, created, version + 1);
    } else {
      this.slots.setNewest(located, main, seq, main, 1);
      this.tree.addLive(1);
    }
    return located;
  }

  /** Adds a tombstone to a live key. */
  remove(key: Key, main: number, seq: number): void {
    const located = this.tree.locate(key);
    invariant(located >= 0 && this.slots.isLive(located), 'only a live key is deleted', { key });
    this.append(located, main, -seq);
    this.slots.setNewest(located, main, -seq, 0, 0);
    this.tree.addLive(-1);
    this.revisionsHeld++;
  }

  /**
   * Forgets what compaction at `revision` drops of the key, and says whether the record `seq` of it stays. Once called
   * for one record of a key, the key is done; later calls only answer.
   */
  compact(key: Key, seq: number, revision: number): boolean {
    const slot = this.tree.locate(key);
    if (slot < 0) return false;
    const history = this.slots.history(slot);
    if (history === undefined) {
      const isTombstone = !this.slots.isLive(slot);
      if (isTombstone && this.slots.main(slot) < revision) {
        this.removeLocated(slot, 1);
        return false;
      }
      return this.isNewest(slot, seq);
    }
    const left = compactHistory(history, revision);
    if (left.length === 0) {
      this.removeLocated(slot, history.length >> 1);
      return false;
    }
    if (left !== history) {
      this.revisionsHeld -= (history.length - left.length) >> 1;
      this.slots.setHistory(slot, left.length > 2 ? left : undefined);
    }
    return seq >= Math.abs(left[1] ?? 0);
  }

  /** Keys that exist at the newest revision, in the range. O(log n). */
  countNewest(range: KeyRange): number {
    if (range.type === 'single') return this.liveSeq(range.key) > 0 ? 1 : 0;
    if (range.type === 'all') return this.tree.live;
    const end = rangeEnd(range);
    const below = this.tree.rank(rangeStart(range));
    const upTo = end === undefined ? this.tree.live : this.tree.rank(end);
    return Math.max(0, upTo - below);
  }

  /** Keys that exist at `at`, in the range. O(keys in range). */
  countAt(range: KeyRange, at: number): number {
    let count = 0;
    this.tree.walk(rangeStart(range), rangeEnd(range), (slot) => {
      if (this.seqAt(slot, at) > 0) count++;
      return true;
    });
    return count;
  }

  /**
   * Collects pairs of `[start, end)` that exist at `at`: stops after `matchesMax` matches or `visitsMax` keys. Returns
   * the key to go on from, or undefined at the end.
   */
  collect(
    start: Key,
    end: Key | undefined,
    at: number,
    matchesMax: number,
    visitsMax: number,
    into: IndexMatches,
  ): Key | undefined {
    let visits = 0;
    let resume: Key | undefined;
    this.tree.walk(start, end, (slot, key) => {
      if (visits === visitsMax || into.keys.length === matchesMax) {
        resume = key;
        return false;
      }
      visits++;
      const seq = this.seqAt(slot, at);
      if (seq > 0) {
        into.keys.push(key);
        into.seqs.push(seq);
        into.slots.push(slot);
      }
      return true;
    });
    return resume;
  }

  /**
   * Calls `visit` for each key of `[start, end)` that has a record at or below `at`, with that record's sequence number
   * (negative for a tombstone) and main revision, until it returns false.
   */
  forEachAt(
    start: Key,
    end: Key | undefined,
    at: number,
    visit: (signedSeq: number, main: number) => boolean,
  ): void {
    this.tree.walk(start, end, (slot) => {
      const main = this.slots.main(slot);
      if (main <= at) return visit(this.slots.signedSeq(slot), main);
      const history = this.slots.history(slot);
      const position = history === undefined ? -1 : findAtOrBelow(history, at);
      if (history === undefined || position < 0) return true;
      return visit(history[position + 1] ?? 0, history[position] ?? 0);
    });
  }

  /** Checks the tree's invariants and K1 to K3. O(n). */
  verify(): void {
    this.tree.verify();
    let held = 0;
    this.tree.walk('' as Key, undefined, (slot, key) => {
      const history = this.slots.history(slot);
      held += history === undefined ? 1 : history.length >> 1;
      if (history === undefined) return true;
      invariant(history.length >= 4, 'K2 a history holds at least two revisions', { key });
      invariant(
        history.at(-2) === this.slots.main(slot) && history.at(-1) === this.slots.signedSeq(slot),
        'K1 the newest columns equal the end of the history',
        { key },
      );
      for (let i = 2; i < history.length; i += 2) {
        const rises = Math.abs(history[i + 1] ?? 0) > Math.abs(history[i - 1] ?? 0);
        invariant(rises && (history[i] ?? 0) >= (history[i - 2] ?? 0), 'K2 revisions rise', {
          key,
        });
      }
      return true;
    });
    invariant(held === this.revisionsHeld, 'the index knows how many revisions it holds', { held });
  }

  private newest(slot: number): { readonly created: number; readonly version: number } {
    return { created: this.slots.created(slot), version: this.slots.version(slot) };
  }

  /** Moves a slot on to a history that ends with the given revision; the columns are the caller's. */
  private append(slot: number, main: number, signedSeq: number): void {
    const previousMain = this.slots.main(slot);
    const previousSeq = this.slots.signedSeq(slot);
    invariant(Math.abs(signedSeq) > Math.abs(previousSeq), 'I1 sequence numbers rise', {
      signedSeq,
      previousSeq,
    });
    const history = this.slots.history(slot);
    this.slots.setHistory(
      slot,
      history === undefined
        ? [previousMain, previousSeq, main, signedSeq]
        : appendRevision(history, main, signedSeq),
    );
  }

  private removeLocated(slot: number, revisions: number): void {
    this.tree.removeLocated();
    this.slots.release(slot);
    this.revisionsHeld -= revisions;
  }
}
