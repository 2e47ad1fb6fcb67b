/**
 * Values by half-open intervals, found by a point within: an AVL tree in order of (start, end) in which each node knows the
 * latest end below it (Cormen et al., Introduction to Algorithms, §14.3). Equal intervals share one node.
 *
 * T1: left subtree < node < right subtree. T2: heights of siblings differ by 1 at most. T3: `latestEnd` is that of the
 * node and all below it.
 */
import { laterEnd } from './interval.js';
import type { Interval } from './interval.js';

interface Node<V> {
  readonly interval: Interval;
  value: V;
  left: Node<V> | undefined;
  right: Node<V> | undefined;
  height: number;
  latestEnd: string | undefined;
}

export class IntervalTree<V> {
  #root: Node<V> | undefined;
  #size = 0;
  #visits = 0;

  /** Number of different intervals. */
  get size(): number {
    return this.#size;
  }

  /** Nodes looked at by {@link collectAt} since the beginning: what tests of its cost count. */
  get visits(): number {
    return this.#visits;
  }

  /** The value of exactly this interval. */
  find(interval: Interval): V | undefined {
    let node = this.#root;
    while (node !== undefined) {
      const order = compare(interval, node.interval);
      if (order === 0) return node.value;
      node = order < 0 ? node.left : node.right;
    }
    return undefined;
  }

  /** Adds a value, or replaces that of an equal interval. */
  set(interval: Interval, value: V): void {
    this.#root = this.#insert(this.#root, interval, value);
  }

  /** Removes exactly this interval, if it is there. */
  delete(interval: Interval): void {
    this.#root = this.#remove(this.#root, interval);
  }

  /** Appends the values of all intervals that hold `key`, in order of (start, end). O(log n + matches) where they nest. */
  collectAt(key: string, into: V[]): void {
    this.#collect(this.#root, key, into);
  }

  /** Height, for tests of the balance. */
  get height(): number {
    return heightOf(this.#root);
  }

  #collect(node: Node<V> | undefined, key: string, into: V[]): void {
    if (node === undefined) return;
    this.#visits++;
    // Nothing below reaches as far as the key.
    if (node.latestEnd !== undefined && node.latestEnd <= key) return;
    this.#collect(node.left, key, into);
    if (node.interval.start > key) return;
    if (node.interval.end === undefined || key < node.interval.end) into.push(node.value);
    this.#collect(node.right, key, into);
  }

  #insert(node: Node<V> | undefined, interval: Interval, value: V): Node<V> {
    if (node === undefined) {
      this.#size++;
      const leaf = { interval, value, height: 1, latestEnd: interval.end };
      return { ...leaf, left: undefined, right: undefined };
    }
    const order = compare(interval, node.interval);
    if (order === 0) node.value = value;
    else if (order < 0) node.left = this.#insert(node.left, interval, value);
    else node.right = this.#insert(node.right, interval, value);
    return balance(node);
  }

  #remove(node: Node<V> | undefined, interval: Interval): Node<V> | undefined {
    if (node === undefined) return undefined;
    const order = compare(interval, node.interval);
    if (order === 0) {
      this.#size--;
      return joined(node.left, node.right);
    }
    if (order < 0) node.left = this.#remove(node.left, interval);
    else node.right = this.#remove(node.right, interval);
    return balance(node);
  }
}

/** By start, then by end; no end is the latest. */
function compare(a: Interval, b: Interval): number {
  if (a.start !== b.start) return a.start < b.start ? -1 : 1;
  if (a.end === b.end) return 0;
  if (a.end === undefined) return 1;
  return b.end === undefined || a.end < b.end ? -1 : 1;
}

function heightOf<V>(node: Node<V> | undefined): number {
  return node === undefined ? 0 : node.height;
}

/** Brings height and latest end of a node up to date with its children. */
function refresh<V>(node: Node<V>): Node<V> {
  node.height = 1 + Math.max(heightOf(node.left), heightOf(node.right));
  let latest = node.interval.end;
  if (node.left !== undefined) latest = laterEnd(latest, node.left.latestEnd);
  if (node.right !== undefined) latest = laterEnd(latest, node.right.latestEnd);
  node.latestEnd = latest;
  return node;
}

/** The root of the subtree after making siblings' heights differ by 1 at most, given that they differ by 2 at most. */
function balance<V>(node: Node<V>): Node<V> {
  const { left, right } = node;
  const lean = heightOf(left) - heightOf(right);
  if (lean > 1 && left !== undefined) {
    if (heightOf(left.left) < heightOf(left.right)) node.left = rotatedLeft(left);
    return rotatedRight(node);
  }
  if (lean < -1 && right !== undefined) {
    if (heightOf(right.right) < heightOf(right.left)) node.right = rotatedRight(right);
    return rotatedLeft(node);
  }
  return refresh(node);
}

/**
 * ```
 *     node              right
 *    a    right   →   node    c
 *        b    c      a    b
 * ```
 */
function rotatedLeft<V>(node: Node<V>): Node<V> {
  const { right } = node;
  if (right === undefined) return refresh(node);
  node.right = right.left;
  right.left = refresh(node);
  return refresh(right);
}

function rotatedRight<V>(node: Node<V>): Node<V> {
  const { left } = node;
  if (left === undefined) return refresh(node);
  node.left = left.right;
  left.right = refresh(node);
  return refresh(left);
}

/** One tree of what is left and right of a removed node: the first of the right takes its place. */
function joined<V>(left: Node<V> | undefined, right: Node<V> | undefined): Node<V> | undefined {
  if (left === undefined) return right;
  if (right === undefined) return left;
  const [first, rest] = withoutFirst(right);
  first.left = left;
  first.right = rest;
  return balance(first);
}

function withoutFirst<V>(node: Node<V>): [first: Node<V>, rest: Node<V> | undefined] {
  if (node.left === undefined) return [node, node.right];
  const [first, rest] = withoutFirst(node.left);
  node.left = rest;
  return [first, balance(node)];
}
