/**
 * An ordered map from key to slot that counts: a B+tree whose inner nodes know how many *live* keys (keys that exist at
 * the newest revision) are below each child, so that counting any range is two descents.
 *
 * Invariants: T1 keys ascend within and across leaves. T2 `mins[i]` of an inner node is at most every key below child i
 * and above every key below child i - 1. T3 `live` of a node is the number of live keys below it. T4 no node but the
 * root is empty.
 */
import { invariant } from '../invariant.js';
import type { Key } from '../model.js';

/** At most this many keys in a leaf and children in an inner node. */
const fanoutMax = 64;
/** Bulk loading fills nodes this far, so that the first insertions find room. */
const fanoutLoaded = 56;
/** A node below this size is merged into a neighbour if the two fit well into one. */
const fanoutLow = 16;

interface Leaf {
  readonly kind: 'leaf';
  readonly keys: Key[];
  readonly slots: number[];
  live: number;
}

interface Inner {
  readonly kind: 'inner';
  readonly mins: Key[];
  readonly children: TreeNode[];
  live: number;
}

type TreeNode = Leaf | Inner;

/** Says whether the key of a slot exists at the newest revision. */
export type IsLive = (slot: number) => boolean;

/** First position in `keys` whose key is at or above `key`. */
function lowerBound(keys: readonly Key[], key: Key): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const there = keys[middle];
    if (there !== undefined && there < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Last position in `mins` whose key is at or below `key`; 0 if there is none. */
function childFor(mins: readonly Key[], key: Key): number {
  let low = 0;
  let high = mins.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const there = mins[middle];
    if (there !== undefined && there <= key) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? 0 : low - 1;
}

export class KeyTree {
  private root: TreeNode = emptyLeaf();
  private loading: Leaf[] = [];
  private readonly isLive: IsLive;
  private keyCount = 0;

  // Where the last `locate` went: inner nodes from the root with the child taken, then the leaf and the position in it.
  private readonly pathNodes: Inner[] = [];
  private readonly pathChildren: number[] = [];
  private leaf: Leaf;
  private position = 0;

  constructor(isLive: IsLive) {
    this.isLive = isLive;
    this.leaf = emptyLeaf();
  }

  /** Keys in the map, live or not. */
  get size(): number {
    return this.keyCount;
  }

  /** Keys that are live. */
  get live(): number {
    return this.root.live;
  }

  /** The slot of `key`, or -1. Remembers the place for the three methods below, until the next call of any other. */
  locate(key: Key): number {
    this.pathNodes.length = 0;
    this.pathChildren.length = 0;
    let node = this.root;
    while (node.kind === 'inner') {
      const child = childFor(node.mins, key);
      this.pathNodes.push(node);
      this.pathChildren.push(child);
      node = childAt(node, child);
    }
    this.leaf = node;
    this.position = lowerBound(node.keys, key);
    return node.keys[this.position] === key ? (node.slots[this.position] ?? -1) : -1;
  }

  /** The slot of `key`, or -1, without touching what `locate` remembered. */
  find(key: Key): number {
    let node = this.root;
    while (node.kind === 'inner') node = childAt(node, childFor(node.mins, key));
    const position = lowerBound(node.keys, key);
    return node.keys[position] === key ? (node.slots[position] ?? -1) : -1;
  }

  /** Inserts a live key where `locate` did not find it. */
  insertLocated(key: Key, slot: number): void {
    this.leaf.keys.splice(this.position, 0, key);
    this.leaf.slots.splice(this.position, 0, slot);
    this.keyCount++;
    this.addLive(1);
    if (this.leaf.keys.length > fanoutMax) this.splitPath();
  }

  /** Notes that the located key became live (1) or ceased to be (-1). */
  addLive(change: 1 | -1): void {
    this.leaf.live += change;
    for (const node of this.pathNodes) node.live += change;
  }

  /** Removes the located key, which must not be live. */
  removeLocated(): void {
    this.leaf.keys.splice(this.position, 1);
    this.leaf.slots.splice(this.position, 1);
    this.keyCount--;
    this.mergePath();
  }

  /** Appends a key above all others, for bulk loading: only `loaded` makes the map usable again. */
  loadKey(key: Key, slot: number): void {
    let leaf = this.loading.at(-1);
    if (leaf === undefined || leaf.keys.length === fanoutLoaded) {
      leaf = emptyLeaf();
      this.loading.push(leaf);
    }
    leaf.keys.push(key);
    leaf.slots.push(slot);
    if (this.isLive(slot)) leaf.live++;
    this.keyCount++;
  }

  /** Builds the inner nodes above the leaves that were loaded, level by level. */
  loaded(): void {
    invariant(sizeOf(this.root) === 0, 'an empty map is loaded');
    let level: TreeNode[] = this.loading;
    this.loading = [];
    while (level.length > 1) {
      const above: Inner[] = [];
      for (const node of level) {
        let parent = above.at(-1);
        if (parent === undefined || parent.children.length === fanoutLoaded) {
          parent = { kind: 'inner', mins: [], children: [], live: 0 };
          above.push(parent);
        }
        parent.mins.push(smallest(node));
        parent.children.push(node);
        parent.live += node.live;
      }
      level = above;
    }
    this.root = level[0] ?? this.root;
  }

  /** Live keys below `key`. */
  rank(key: Key): number {
    let rank = 0;
    let node = this.root;
    while (node.kind === 'inner') {
      const child = childFor(node.mins, key);
      for (let i = 0; i < child; i++) rank += node.children[i]?.live ?? 0;
      node = childAt(node, child);
    }
    const position = lowerBound(node.keys, key);
    for (let i = 0; i < position; i++) if (this.isLive(node.slots[i] ?? -1)) rank++;
    return rank;
  }

  /**
   * Calls `visit` for each key in `[start, end)` in order (`end` undefined: no bound) until it returns false.
   * The map must not change meanwhile.
   */
  walk(start: Key, end: Key | undefined, visit: (slot: number, key: Key) => boolean): void {
    walkNode(this.root, start, end, visit);
  }

  /** Checks T1 to T4. O(n). */
  verify(): void {
    const seen = { previous: undefined as Key | undefined, keys: 0 };
    const live = this.verifyNode(this.root, undefined, seen);
    invariant(live === this.root.live, 'T3 the root counts all live keys', { live });
    invariant(seen.keys === this.keyCount, 'the map knows its size', { seen: seen.keys });
  }

  private verifyNode(
    node: TreeNode,
    min: Key | undefined,
    seen: { previous: Key | undefined; keys: number },
  ): number {
    let live = 0;
    if (node.kind === 'leaf') {
      invariant(node === this.root || node.keys.length > 0, 'T4 a leaf holds a key');
      invariant(node.keys.length === node.slots.length, 'each key of a leaf has its slot');
      for (const [i, key] of node.keys.entries()) {
        invariant(seen.previous === undefined || seen.previous < key, 'T1 keys ascend', { key });
        invariant(min === undefined || min <= key, 'T2 a minimum bounds its keys', { key });
        seen.previous = key;
        seen.keys++;
        if (this.isLive(node.slots[i] ?? -1)) live++;
      }
    } else {
      invariant(node.children.length > 0, 'T4 an inner node has a child');
      for (const [i, child] of node.children.entries()) {
        const bound = node.mins[i];
        invariant(
          i === 0 || (bound !== undefined && seen.previous !== undefined && seen.previous < bound),
          'T2 a minimum is above what precedes it',
        );
        live += this.verifyNode(child, i === 0 ? min : bound, seen);
      }
    }
    invariant(live === node.live, 'T3 a node counts its live keys', { live, counted: node.live });
    return live;
  }

  /** Splits the located leaf, and above it whatever that overfills. */
  private splitPath(): void {
    const appended = this.position === this.leaf.keys.length - 1;
    let node: TreeNode = this.leaf;
    for (let level = this.pathNodes.length - 1; ; level--) {
      const right =
        node.kind === 'leaf' ? splitLeaf(node, this.isLive, appended) : splitInner(node);
      const parent = level >= 0 ? this.pathNodes[level] : undefined;
      if (parent === undefined) {
        this.root = {
          kind: 'inner',
          mins: [smallest(node), smallest(right)],
          children: [node, right],
          live: node.live + right.live,
        };
        return;
      }
      const child = (this.pathChildren[level] ?? 0) + 1;
      parent.mins.splice(child, 0, smallest(right));
      parent.children.splice(child, 0, right);
      if (parent.children.length <= fanoutMax) return;
      node = parent;
    }
  }

  /** Merges the located leaf into a neighbour if it became small, and above it likewise; drops empty nodes. */
  private mergePath(): void {
    let node: TreeNode = this.leaf;
    for (let level = this.pathNodes.length - 1; level >= 0; level--) {
      const parent = this.pathNodes[level];
      if (parent === undefined || sizeOf(node) >= fanoutLow) break;
      const child = this.pathChildren[level] ?? 0;
      if (sizeOf(node) === 0) {
        parent.mins.splice(child, 1);
        parent.children.splice(child, 1);
      } else if (!tryMerge(parent, child)) tryMerge(parent, child - 1);
      node = parent;
    }
    while (this.root.kind === 'inner' && this.root.children.length <= 1) {
      this.root = this.root.children[0] ?? emptyLeaf();
    }
  }
}

function emptyLeaf(): Leaf {
  return { kind: 'leaf', keys: [], slots: [], live: 0 };
}

function childAt(node: Inner, child: number): TreeNode {
  const there = node.children[child];
  invariant(there !== undefined, 'T4 an inner node has a child', { child });
  return there;
}

function sizeOf(node: TreeNode): number {
  return node.kind === 'leaf' ? node.keys.length : node.children.length;
}

/** A key at or below every key of `node`, and above every key before it. */
function smallest(node: TreeNode): Key {
  const key = node.kind === 'leaf' ? node.keys[0] : node.mins[0];
  invariant(key !== undefined, 'T4 a node in the tree is not empty');
  return key;
}

/** Splits off the upper half; after an append only the appended key, so that keys that arrive in order fill leaves. */
function splitLeaf(left: Leaf, isLive: IsLive, appended: boolean): Leaf {
  const cut = appended ? left.keys.length - 1 : left.keys.length >> 1;
  const slots = left.slots.splice(cut);
  let live = 0;
  for (const slot of slots) if (isLive(slot)) live++;
  left.live -= live;
  return { kind: 'leaf', keys: left.keys.splice(cut), slots, live };
}

function splitInner(left: Inner): Inner {
  const cut = left.children.length >> 1;
  const children = left.children.splice(cut);
  let live = 0;
  for (const child of children) live += child.live;
  left.live -= live;
  return { kind: 'inner', mins: left.mins.splice(cut), children, live };
}

/** Merges child `left + 1` into child `left` if both exist and fit with room to spare. */
function tryMerge(parent: Inner, left: number): boolean {
  const into = parent.children[left];
  const from = parent.children[left + 1];
  if (into === undefined || from === undefined) return false;
  if (sizeOf(into) + sizeOf(from) > fanoutMax - fanoutLow) return false;
  if (into.kind === 'leaf' && from.kind === 'leaf') {
    into.keys.push(...from.keys);
    into.slots.push(...from.slots);
  } else if (into.kind === 'inner' && from.kind === 'inner') {
    into.mins.push(parent.mins[left + 1] ?? smallest(from), ...from.mins.slice(1));
    into.children.push(...from.children);
  } else return false;
  into.live += from.live;
  parent.mins.splice(left + 1, 1);
  parent.children.splice(left + 1, 1);
  return true;
}

/** Visits keys in order; returns false once `visit` did or `end` was reached. */
function walkNode(
  node: TreeNode,
  start: Key,
  end: Key | undefined,
  visit: (slot: number, key: Key) => boolean,
): boolean {
  if (node.kind === 'leaf') {
    const { keys, slots } = node;
    for (let i = lowerBound(keys, start); i < keys.length; i++) {
      const key = keys[i];
      if (key === undefined || (end !== undefined && key >= end)) return false;
      if (!visit(slots[i] ?? -1, key)) return false;
    }
    return true;
  }
  for (let i = childFor(node.mins, start); i < node.children.length; i++) {
    if (!walkNode(childAt(node, i), start, end, visit)) return false;
  }
  return true;
}
