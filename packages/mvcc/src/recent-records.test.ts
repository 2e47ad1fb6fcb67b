// Goal: recent records are found where they were put, and memory is bounded. Method: a naive map beside it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecentRecords } from './recent-records.js';

const where = (slab: Uint8Array, start: number): readonly [Uint8Array, number] => [slab, start];

describe('recent records', () => {
  it('are all found until the bound, then the newest; any number of records per slab', () => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 1e9);
    console.log(`recent records: SEED=${seed}`);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 50 }))),
        fc.integer({ min: 0, max: 300 }),
        fc.integer({ min: 1, max: 1000 }),
        (slabs, bytesMax, firstSeq) => {
          const recent = new RecentRecords(bytesMax);
          const added: (readonly [Uint8Array, number])[] = [];
          let bytes = 0;
          for (const [count, size] of slabs) {
            const slab = new Uint8Array(size);
            for (let i = 0; i < count; i++) {
              recent.add(firstSeq + added.length, slab, i);
              added.push([slab, i]);
            }
          }
          let kept = 0;
          for (const [count, size] of [...slabs].reverse()) {
            bytes += size;
            if (kept > 0 && bytes > bytesMax) break;
            kept += count;
          }
          expect(recent.count).toBe(kept);
          for (const [i, place] of added.entries()) {
            const found = recent.read(firstSeq + i, where);
            if (i < added.length - kept) expect(found).toBeUndefined();
            else expect(found).toEqual(place);
          }
          expect(recent.read(firstSeq - 1, where)).toBeUndefined();
          expect(recent.read(firstSeq + added.length, where)).toBeUndefined();
          recent.clear();
          expect([recent.count, recent.read(firstSeq, where)]).toEqual([0, undefined]);
        },
      ),
      { seed },
    );
  });

  it('must be added in order', () => {
    const recent = new RecentRecords(100);
    const slab = new Uint8Array(10);
    recent.add(5, slab, 0);
    expect(() => {
      recent.add(7, slab, 3);
    }).toThrow('in order');
  });
});
