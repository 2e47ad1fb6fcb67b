// Goal: packed entries come back as they were put in, whatever is truncated or released. Method: a naive array beside them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toIndex, type Entry, type EntryType } from '@kv/raft';
import { entry } from '../test/support.js';
import { PackedEntries } from './packed-entries.js';

const types: readonly EntryType[] = ['normal', 'confChange', 'confChangeV2'];
const SIZES: readonly number[] = [0, 1, 300, 100_000, 300_000];

const command = fc.record({
  kind: fc.constantFrom('push', 'push', 'push', 'truncate', 'release'),
  amount: fc.nat(20),
  bytes: fc.constantFrom(...SIZES),
});

describe('packed entries', () => {
  it('equal a naive array under pushes, truncations and releases', () => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 1e9);
    console.log(`packed entries: SEED=${seed}`);
    fc.assert(
      fc.property(fc.array(command, { maxLength: 30 }), (commands) => {
        const packed = new PackedEntries(toIndex(7));
        let model: Entry[] = [];
        let next = 7;
        for (const [round, { kind, amount, bytes }] of commands.entries()) {
          if (kind === 'push') {
            const data = new Uint8Array(bytes).fill(round + 1);
            const added = entry(next, round + 1, data, types[round % 3]);
            packed.push(added);
            model.push({ ...added, data: data.slice() });
            data.fill(0);
            next++;
          } else if (kind === 'truncate') {
            const from = Math.max(next - amount, model[0]?.index ?? next);
            packed.truncate(toIndex(from));
            model = model.filter(({ index }) => index < from);
            next = from;
          } else {
            const through = (model[0]?.index ?? next) + amount - 1;
            packed.releaseThrough(toIndex(Math.min(through, next - 1)));
            model = model.filter(({ index }) => index > through);
          }
          expect(packed.next).toBe(next);
          for (const one of model) {
            expect(packed.term(one.index)).toBe(one.term);
            expect(packed.get(one.index)).toEqual(one);
          }
          expect(packed.get(toIndex(next))).toBeUndefined();
        }
      }),
      { seed, numRuns: 60 },
    );
  });

  it('what was given out keeps its bytes when its place is taken by another entry', () => {
    const packed = new PackedEntries(toIndex(1));
    packed.push(entry(1, 1, 'kept'));
    packed.push(entry(2, 1, 'lost'));
    const lost = packed.get(toIndex(2));
    packed.truncate(toIndex(2));
    packed.push(entry(2, 2, 'new!'));
    expect([lost?.data, packed.get(toIndex(2))?.data]).toEqual([
      new TextEncoder().encode('lost'),
      new TextEncoder().encode('new!'),
    ]);
  });
});
