// The counted tree equals a sorted array under any insertions, deletions and changes of life, through all its sizes.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { key } from '../../test/scratch.js';
import type { Key } from '../model.js';
import { KeyTree } from './key-tree.js';

class Pair {
  private readonly live = new Map<number, boolean>();
  readonly tree = new KeyTree((slot) => this.live.get(slot) ?? false);
  private readonly slots = new Map<Key, number>();
  private nextSlot = 1;

  insert(name: Key): void {
    const known = this.slots.get(name);
    expect(this.tree.locate(name)).toBe(known ?? -1);
    if (known !== undefined) return;
    const slot = this.nextSlot++;
    this.slots.set(name, slot);
    this.live.set(slot, true);
    this.tree.insertLocated(name, slot);
  }

  /** Turns a key dead; a dead one goes. */
  remove(name: Key): void {
    const slot = this.tree.locate(name);
    expect(slot).toBe(this.slots.get(name) ?? -1);
    if (slot < 0) return;
    if (this.live.get(slot) === true) {
      this.live.set(slot, false);
      this.tree.addLive(-1);
    } else {
      this.tree.removeLocated();
      this.slots.delete(name);
    }
  }

  check(probes: readonly Key[]): void {
    this.tree.verify();
    const sorted = [...this.slots.keys()].sort();
    expect(this.tree.size).toBe(sorted.length);
    const alive = sorted.filter((name) => this.live.get(this.slots.get(name) ?? 0) === true);
    expect(this.tree.live).toBe(alive.length);
    for (const probe of probes) {
      expect(this.tree.find(probe)).toBe(this.slots.get(probe) ?? -1);
      expect(this.tree.rank(probe)).toBe(alive.filter((name) => name < probe).length);
      const from: Key[] = [];
      this.tree.walk(probe, undefined, (_slot, name) => from.push(name) > 0);
      expect(from).toEqual(sorted.filter((name) => name >= probe));
    }
  }
}

const names = fc.oneof(
  fc.nat(400).map((n) => key(`k${n}`)),
  fc.string({ maxLength: 3 }).map(key),
);

describe('KeyTree', () => {
  it('equals a sorted array', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), names), { maxLength: 900, size: 'max' }),
        fc.array(names, { minLength: 1, maxLength: 5 }),
        (steps, probes) => {
          const pair = new Pair();
          for (const [insert, name] of steps) {
            if (insert) pair.insert(name);
            else pair.remove(name);
          }
          pair.check(probes);
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([1, 64, 65, 4096, 20_000])(
    'grows to %i keys in any order and shrinks to nothing',
    (count) => {
      const probes = [key(''), key('k5'), key('k777'), key('z')];
      for (const order of ['up', 'down', 'mixed'] as const) {
        const pair = new Pair();
        const nth = (i: number): Key => {
          if (order === 'up') return key(`k${String(i).padStart(6, '0')}`);
          if (order === 'down') return key(`k${String(count - i).padStart(6, '0')}`);
          return key(`k${(i * 7919) % 65_537}`);
        };
        for (let i = 0; i < count; i++) pair.insert(nth(i));
        pair.check(probes);
        for (let i = 0; i < count; i++) {
          pair.remove(nth(i));
          pair.remove(nth(i));
        }
        pair.check(probes);
        expect(pair.tree.size).toBe(0);
      }
    },
  );

  it('loads in bulk what inserting builds, and goes on from there', () => {
    const live = (slot: number): boolean => slot % 3 !== 0;
    for (const count of [0, 1, 56, 57, 3136, 3137, 10_000]) {
      const tree = new KeyTree(live);
      for (let i = 0; i < count; i++) tree.loadKey(key(String(i).padStart(6, '0')), i);
      tree.loaded();
      tree.verify();
      expect(tree.size).toBe(count);
      expect(tree.rank(key('000300'))).toBe(Math.min(200, tree.live));
      expect(tree.locate(key('000300x'))).toBe(-1);
      tree.insertLocated(key('000300x'), 1_000_000);
      tree.verify();
    }
  });

  it('stops a walk at its end and when told', () => {
    const tree = new KeyTree(() => true);
    for (let i = 0; i < 500; i++) tree.loadKey(key(String(i).padStart(3, '0')), i);
    tree.loaded();
    const seen: Key[] = [];
    tree.walk(key('100'), key('200'), (_slot, name) => seen.push(name) < 3);
    expect(seen).toEqual(['100', '101', '102']);
    seen.length = 0;
    tree.walk(key('498'), key('499x'), (_slot, name) => seen.push(name) > 0);
    expect(seen).toEqual(['498', '499']);
  });
});
