/** Put, Range, RangeStream, DeleteRange and Compact: every option, and every way to be refused (rpc.md §5). */
import { bytes } from '../script.js';
import type { Script, Session } from '../script.js';

async function fill(s: Session): Promise<void> {
  for (const [key, value] of [
    ['a', '1'],
    ['b', '3'],
    ['c', '2'],
    ['b', '4'],
    ['d', ''],
    ['a\x00', 'zero'],
  ] as const) {
    await s.put({ key: bytes(key), value: bytes(value) });
  }
}

const all = { key: bytes('\0'), rangeEnd: bytes('\0') };

export const kvScripts: readonly Script[] = [
  {
    name: 'put: revisions, versions, previous pairs',
    async run(s) {
      await s.put({ key: bytes('k'), value: bytes('1') });
      await s.put({ key: bytes('k'), value: bytes('1'), prevKv: true });
      await s.put({ key: bytes('k'), value: bytes('2'), prevKv: true });
      await s.put({ key: bytes('k'), ignoreValue: true, prevKv: true });
      await s.put({ key: bytes('k'), value: bytes('3'), ignoreLease: true, prevKv: true });
      await s.put({ key: Uint8Array.of(0, 255, 10), value: Uint8Array.of(1, 0, 255) });
      await s.range({ key: bytes('k') });
      await s.range(all);
    },
  },
  {
    name: 'put: refusals',
    async run(s) {
      await s.put({ value: bytes('x') });
      await s.put({ key: bytes('k'), value: bytes('x'), ignoreValue: true });
      await s.put({ key: bytes('k'), lease: 5n, ignoreLease: true });
      await s.put({ key: bytes('k'), ignoreValue: true });
      await s.put({ key: bytes('k'), ignoreLease: true });
      await s.put({ key: bytes('k'), lease: 12345n });
      await s.put({ key: bytes('k'), lease: -1n });
      await s.put({ key: bytes('k'), value: new Uint8Array(1_572_864) });
      await s.put({ key: bytes('k'), value: new Uint8Array(2_200_000) });
      await s.put({ key: bytes('k'), value: new Uint8Array(1_572_000) });
      await s.range({ key: bytes('k'), countOnly: true });
    },
  },
  {
    name: 'range: ends, limits, orders',
    async run(s) {
      await fill(s);
      for (const rangeEnd of ['', '\0', 'c', 'b', 'a', 'zz']) {
        for (const limit of [0n, 1n, 2n, 100n, -5n]) {
          await s.range({ key: bytes('b'), rangeEnd: bytes(rangeEnd), limit });
        }
      }
      for (const sortTarget of [0, 1, 2, 3, 4]) {
        for (const sortOrder of [0, 1, 2]) {
          for (const limit of [0n, 2n]) await s.range({ ...all, sortTarget, sortOrder, limit });
        }
      }
      await s.range({ ...all, sortOrder: 3 });
      await s.range({ ...all, sortTarget: 5 });
      await s.range({ ...all, sortTarget: -1 });
    },
  },
  {
    name: 'range: counts, keys, filters',
    async run(s) {
      await fill(s);
      await s.range({ ...all, countOnly: true });
      await s.range({ ...all, countOnly: true, limit: 1n });
      await s.range({ ...all, keysOnly: true });
      await s.range({ ...all, keysOnly: true, sortTarget: 4, sortOrder: 2 });
      for (const [field, value] of [
        ['minModRevision', 4n],
        ['maxModRevision', 4n],
        ['minCreateRevision', 3n],
        ['maxCreateRevision', 3n],
      ] as const) {
        await s.range({ ...all, [field]: value });
        await s.range({ ...all, [field]: value, limit: 1n });
        await s.range({ ...all, [field]: value, keysOnly: true, countOnly: true });
      }
      await s.range({ key: bytes('nothing') });
      await s.range({ key: bytes('z'), rangeEnd: bytes('a') });
      await s.range({});
      await s.range({ rangeEnd: bytes('z') });
    },
  },
  {
    name: 'range: history',
    async run(s) {
      await fill(s);
      await s.deleteRange({ key: bytes('b') });
      for (let revision = -1n; revision <= 10n; revision += 1n) {
        await s.range({ ...all, revision });
        await s.range({ ...all, revision, serializable: true, keysOnly: true });
        await s.range({ key: bytes('b'), revision, countOnly: true });
      }
      await s.range({ ...all, revision: 9_223_372_036_854_775_807n });
      await s.range({ ...all, revision: -9_223_372_036_854_775_808n });
    },
  },
  {
    name: 'delete: one, many, none',
    async run(s) {
      await fill(s);
      await s.deleteRange({ key: bytes('a'), prevKv: true });
      await s.deleteRange({ key: bytes('a'), prevKv: true });
      await s.deleteRange({ key: bytes('b'), rangeEnd: bytes('c'), prevKv: true });
      await s.deleteRange({ key: bytes('c'), rangeEnd: bytes('b') });
      await s.deleteRange({ ...all, prevKv: true });
      await s.deleteRange(all);
      await s.deleteRange({});
      await s.put({ key: bytes('a'), value: bytes('again') });
      await s.range(all);
    },
  },
  {
    name: 'range stream',
    async run(s) {
      await fill(s);
      for (let n = 0; n < 40; n += 1) {
        await s.put({ key: bytes(`many/${String(n).padStart(3, '0')}`), value: bytes('v') });
      }
      await s.rangeStream(all);
      await s.rangeStream({ ...all, limit: 25n });
      await s.rangeStream({ ...all, revision: 4n });
      await s.rangeStream({ ...all, keysOnly: true, serializable: true });
      await s.rangeStream({ ...all, countOnly: true });
      await s.rangeStream({ key: bytes('nothing') });
      await s.rangeStream({ ...all, sortTarget: 0, sortOrder: 1 });
      await s.rangeStream({ ...all, sortOrder: 2 });
      await s.rangeStream({ ...all, sortTarget: 1, sortOrder: 1 });
      await s.rangeStream({ ...all, minModRevision: 2n });
      await s.rangeStream({});
      await s.rangeStream({ ...all, revision: 999n });
    },
  },
  {
    name: 'compact: what stays readable',
    async run(s) {
      await s.compact({ revision: -1n });
      await s.compact({ revision: 0n });
      await s.compact({ revision: 0n });
      await fill(s);
      await s.deleteRange({ key: bytes('c') });
      await s.compact({ revision: 100n });
      await s.compact({ revision: 4n, physical: true });
      await s.compact({ revision: 4n });
      await s.compact({ revision: 3n, physical: true });
      for (let revision = 0n; revision <= 8n; revision += 1n) await s.range({ ...all, revision });
      await s.range({ ...all, revision: 3n, countOnly: true });
      await s.compact({ revision: 8n, physical: true });
      await s.range(all);
      await s.rangeStream({ ...all, revision: 7n });
    },
  },
];
