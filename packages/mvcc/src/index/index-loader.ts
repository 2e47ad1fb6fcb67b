/**
 * Builds the index of a store that is being opened: collects revisions in the order of their records, sorts them by key, and
 * loads in that order. Faster than inserting keys one by one, and neighbours end up close in memory.
 */
import type { Key } from '../model.js';
import { keyOrder } from './key-order.js';
import type { KeyIndex } from './key-index.js';

const chunkBits = 14;
const chunkRevisions = 1 << chunkBits;
/** Revisions that one step of loading takes up at least. */
const stepRevisions = 16_384;

/** Creation and version of a record that did not create its key. */
interface Later {
  readonly created: number;
  readonly version: number;
}

export class IndexLoader {
  private readonly keys: Key[] = [];
  /** Main and signed seq of each revision. Chunked: growing copies nothing, and leaves nothing behind. */
  private readonly chunks: Float64Array[] = [];
  private readonly later = new Map<number, Later>();

  /** Adds a revision. `signedSeq` rises by magnitude from call to call and is negative for a tombstone. */
  add(key: Key, main: number, signedSeq: number, created: number, version: number): void {
    const at = this.keys.push(key) - 1;
    let chunk = this.chunks[at >> chunkBits];
    if (chunk === undefined) {
      chunk = new Float64Array(2 * chunkRevisions);
      this.chunks.push(chunk);
    }
    const offset = (at & (chunkRevisions - 1)) * 2;
    chunk[offset] = main;
    chunk[offset + 1] = signedSeq;
    if (created !== main || version !== 1) this.later.set(at, { created, version });
  }

  /**
   * Fills `index`, which is empty and is not used before the end. Returns the sequence number of a record that cannot follow the one
   * before it of its key (a tombstone after a tombstone), or undefined if all is well. O(n log n), in steps of some milliseconds.
   */
  *load(index: KeyIndex): Generator<undefined, number | undefined> {
    const { keys } = this;
    const order = yield* keyOrder(keys);
    let stepEnd = stepRevisions;
    for (let i = 0; i < order.length;) {
      const first = order[i] ?? 0;
      const key = keys[first];
      if (key === undefined) break;
      let end = i + 1;
      while (end < order.length && keys[order[end] ?? 0] === key) end++;
      const last = order[end - 1] ?? 0;
      const history = end - i === 1 ? undefined : this.historyOf(order.subarray(i, end));
      if (typeof history === 'number') return history;
      const main = this.main(last);
      const { created, version } = this.later.get(last) ?? { created: main, version: 1 };
      index.loadKey(key, main, this.signedSeq(last), created, version, history);
      i = end;
      if (i < stepEnd) continue;
      stepEnd = i + stepRevisions;
      yield undefined;
    }
    index.loaded();
    return undefined;
  }

  /** The history of one key, or the sequence number of a tombstone that follows a tombstone. */
  private historyOf(positions: Uint32Array): number[] | number {
    const history = new Array<number>(2 * positions.length);
    for (const [i, position] of positions.entries()) {
      const signedSeq = this.signedSeq(position);
      if (i > 0 && signedSeq < 0 && (history[2 * i - 1] ?? 0) < 0) return -signedSeq;
      history[2 * i] = this.main(position);
      history[2 * i + 1] = signedSeq;
    }
    return history;
  }

  private main(at: number): number {
    return this.chunks[at >> chunkBits]?.[(at & (chunkRevisions - 1)) * 2] ?? 0;
  }

  private signedSeq(at: number): number {
    return this.chunks[at >> chunkBits]?.[(at & (chunkRevisions - 1)) * 2 + 1] ?? 0;
  }
}
