/**
 * The order of many keys, in steps: a merge sort that can be left after any step and taken up again. A member that takes over
 * the store of another one sorts a million keys beside its work, and `sort` would keep it from that for more than a second.
 */
import type { Key } from '../model.js';

/** Runs of this length are sorted at once, in about a millisecond. */
const runLength = 1024;
/** Positions that one step sorts or merges: a few milliseconds. */
const stepPositions = 16 * runLength;

/**
 * Positions `0` to `keys.length - 1` in order of their keys, those of equal keys ascending. Yields after each step;
 * `keys` must not change meanwhile.
 */
export function* keyOrder(keys: readonly Key[]): Generator<undefined, Uint32Array> {
  const count = keys.length;
  let from = new Uint32Array(count);
  for (let position = 0; position < count; position++) from[position] = position;
  for (let start = 0; start < count; start += runLength) {
    from.subarray(start, start + runLength).sort((a, b) => compare(keys, a, b));
    if (start % stepPositions === 0) yield undefined;
  }
  let to = new Uint32Array(count);
  let left = stepPositions;
  for (let width = runLength; width < count; width *= 2) {
    for (let start = 0; start < count; start += 2 * width) {
      const merge = new Merge(keys, from, to, start, width);
      while (!merge.isDone) {
        left -= merge.step(left);
        if (left > 0) continue;
        yield undefined;
        left = stepPositions;
      }
    }
    [from, to] = [to, from];
  }
  return from;
}

function compare(keys: readonly Key[], a: number, b: number): number {
  const keyA = keys[a] ?? '';
  const keyB = keys[b] ?? '';
  if (keyA === keyB) return a - b;
  return keyA < keyB ? -1 : 1;
}

/** Merges two neighbouring runs of `from`, the second of which may be short or empty, to the same place in `to`. */
class Merge {
  private readonly keys: readonly Key[];
  private readonly from: Uint32Array;
  private readonly to: Uint32Array;
  private readonly middle: number;
  private readonly end: number;
  private left: number;
  private right: number;
  private at: number;

  constructor(
    keys: readonly Key[],
    from: Uint32Array,
    to: Uint32Array,
    start: number,
    width: number,
  ) {
    this.keys = keys;
    this.from = from;
    this.to = to;
    this.middle = Math.min(start + width, from.length);
    this.end = Math.min(start + 2 * width, from.length);
    this.left = start;
    this.right = this.middle;
    this.at = start;
  }

  get isDone(): boolean {
    return this.at === this.end;
  }

  /** Places at most `max` more; returns how many. Of equal keys those of the left run come first: their positions are lower. */
  step(max: number): number {
    const { keys, from, to, middle, end, at: before } = this;
    let { left, right, at } = this;
    const stop = Math.min(end, before + max);
    for (; at < stop; at++) {
      const a = from[left] ?? 0;
      const b = from[right] ?? 0;
      const takesLeft = right >= end || (left < middle && (keys[a] ?? '') <= (keys[b] ?? ''));
      to[at] = takesLeft ? a : b;
      if (takesLeft) left++;
      else right++;
    }
    this.left = left;
    this.right = right;
    this.at = at;
    return at - before;
  }
}
