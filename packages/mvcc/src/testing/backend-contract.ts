/**
 * What every backend must do, as cases for any test runner. B1 to B4 are the promises listed in backend.ts; F- and CP- ids
 * are those of the reliability catalogue.
 */
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { Backend } from '../backend/backend.js';

/** How to make, restart and crash the backend under test. Each case gets a fresh one. */
export interface BackendHarness {
  open(): Promise<Backend>;
  /** Closes it and opens it again. */
  reopen(backend: Backend): Promise<Backend>;
  /** Opens what a crash at this moment leaves: anything not covered by a checkpoint may be lost. */
  crash(backend: Backend): Promise<Backend>;
  /** Opens a store from the bytes of an exported image. */
  openImage(bytes: Uint8Array): Promise<Backend>;
  /** Puts the bytes of an exported image into a file beside the backend, and names it. */
  place(bytes: Uint8Array, backend: Backend): string;
}

export interface ContractCase {
  readonly name: string;
  run(harness: BackendHarness): Promise<void>;
}

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const text = (found: Uint8Array | undefined): string | undefined =>
  found === undefined ? undefined : Buffer.from(found).toString('latin1');

/** Appends records `h<seq>` + `t<seq>`. */
function append(backend: Backend, ...seqs: readonly number[]): void {
  for (const seq of seqs) backend.appendRecord(seq, bytes(`h${seq}`), bytes(`t${seq}`));
}

function inTransaction(backend: Backend, work: () => void): void {
  backend.begin();
  work();
  backend.commit();
}

const records: readonly ContractCase[] = [
  {
    name: 'returns a record as head followed by tail, and undefined for none',
    async run(harness) {
      const backend = await harness.open();
      inTransaction(backend, () => {
        append(backend, 1, 5);
      });
      strictEqual(text(backend.readRecord(5)), 'h5t5');
      strictEqual(backend.readRecord(4), undefined);
      strictEqual(backend.readRecord(6), undefined);
      await backend.close();
    },
  },
  {
    name: 'keeps records with empty heads or tails, zero bytes and bytes that are not UTF-8',
    async run(harness) {
      const backend = await harness.open();
      const strange = Uint8Array.from({ length: 256 }, (_, i) => i);
      inTransaction(backend, () => {
        backend.appendRecord(1, strange, new Uint8Array(0));
        backend.appendRecord(2, bytes('\0'), strange);
        backend.appendRecord(Number.MAX_SAFE_INTEGER, strange, strange);
      });
      deepStrictEqual([...(backend.readRecord(1) ?? [])], [...strange]);
      deepStrictEqual([...backend.scanRecords(2, 1, 1e6)], [0, ...strange]);
      deepStrictEqual([...backend.scanHeads(3, 9, 1e6)], [...strange]);
      deepStrictEqual(
        [...backend.readRecords([Number.MAX_SAFE_INTEGER, 2])],
        [...strange, ...strange, 0, ...strange],
      );
      await backend.close();
    },
  },
  {
    name: 'scans heads and records ascending from a number, bounded in count and bytes',
    async run(harness) {
      const backend = await harness.open();
      inTransaction(backend, () => {
        append(backend, 1, 2, 3, 7, 9);
      });
      strictEqual(text(backend.scanHeads(2, 3, 1e6)), 'h2h3h7');
      strictEqual(text(backend.scanRecords(2, 3, 1e6)), 'h2t2h3t3h7t7');
      strictEqual(text(backend.scanHeads(10, 3, 1e6)), '');
      ok(backend.scanHeads(1, 5, 7).length <= 7);
      strictEqual(text(backend.scanRecords(1, 5, 1)), 'h1t1');
      await backend.close();
    },
  },
  {
    name: 'reads many records in the order asked for, leaving out what does not exist',
    async run(harness) {
      const backend = await harness.open();
      inTransaction(backend, () => {
        append(backend, 1, 2, 3);
      });
      strictEqual(text(backend.readRecords([3, 9, 1])), 'h3t3h1t1');
      strictEqual(text(backend.readRecords([])), '');
      await backend.close();
    },
  },
  {
    name: 'deletes a closed interval of records',
    async run(harness) {
      const backend = await harness.open();
      inTransaction(backend, () => {
        append(backend, 1, 2, 3, 4, 5);
      });
      inTransaction(backend, () => {
        backend.deleteRecords(2, 4);
      });
      strictEqual(text(backend.scanHeads(1, 9, 1e6)), 'h1h5');
      await backend.close();
    },
  },
];

const rows: readonly ContractCase[] = [
  {
    name: 'writes, overwrites, reads and deletes rows, apart by bucket',
    async run(harness) {
      const backend = await harness.open();
      inTransaction(backend, () => {
        backend.writeRow('a', bytes('k'), bytes('1'));
        backend.writeRow('a', bytes('k'), bytes('2'));
        backend.writeRow('b', bytes('k'), bytes('3'));
        backend.writeRow('b', bytes(''), bytes(''));
      });
      strictEqual(text(backend.readRow('a', bytes('k'))), '2');
      strictEqual(text(backend.readRow('b', bytes('k'))), '3');
      strictEqual(text(backend.readRow('b', bytes(''))), '');
      strictEqual(backend.readRow('c', bytes('k')), undefined);
      deepStrictEqual(backend.bucketNames(), ['a', 'b']);
      inTransaction(backend, () => {
        backend.deleteRow('a', bytes('k'));
      });
      deepStrictEqual(backend.bucketNames(), ['b']);
      await backend.close();
    },
  },
  {
    name: 'scans rows in byte order of keys, after a key',
    async run(harness) {
      const backend = await harness.open();
      const keys = ['', '\0', '\0\0', 'a', 'a\0', '\x7f', '\x80', '\xff', '\xff\0'];
      inTransaction(backend, () => {
        for (const key of keys.toReversed()) backend.writeRow('b', bytes(key), bytes(key));
      });
      const found = (after: Uint8Array | undefined, countMax: number): (string | undefined)[] =>
        backend.scanRows('b', after, countMax).map((row) => text(row.key));
      deepStrictEqual(found(undefined, 99), keys);
      deepStrictEqual(found(bytes('a'), 2), ['a\0', '\x7f']);
      deepStrictEqual(found(bytes('\xff\0'), 2), []);
      await backend.close();
    },
  },
];

const transactions: readonly ContractCase[] = [
  {
    name: 'B1 rolls back every change of a transaction',
    async run(harness) {
      const backend = await harness.open();
      inTransaction(backend, () => {
        append(backend, 1, 2);
        backend.writeRow('b', bytes('k'), bytes('old'));
      });
      backend.begin();
      append(backend, 3);
      backend.deleteRecords(1, 1);
      backend.writeRow('b', bytes('k'), bytes('new'));
      backend.writeRow('b', bytes('l'), bytes('new'));
      backend.rollback();
      strictEqual(text(backend.scanRecords(1, 9, 1e6)), 'h1t1h2t2');
      strictEqual(text(backend.readRow('b', bytes('k'))), 'old');
      strictEqual(backend.readRow('b', bytes('l')), undefined);
      await backend.close();
    },
  },
  {
    name: 'B3 shows a transaction its own changes',
    async run(harness) {
      const backend = await harness.open();
      backend.begin();
      append(backend, 1, 2, 3);
      strictEqual(text(backend.readRecord(2)), 'h2t2');
      strictEqual(text(backend.scanHeads(1, 9, 1e6)), 'h1h2h3');
      backend.deleteRecords(2, 2);
      strictEqual(text(backend.readRecords([1, 2, 3])), 'h1t1h3t3');
      backend.writeRow('b', bytes('k'), bytes('v'));
      strictEqual(text(backend.readRow('b', bytes('k'))), 'v');
      backend.commit();
      await backend.close();
    },
  },
  {
    name: 'B4 returns bytes that later changes leave alone',
    async run(harness) {
      const backend = await harness.open();
      inTransaction(backend, () => {
        backend.writeRow('b', bytes('k'), bytes('v'));
      });
      const row = backend.readRow('b', bytes('k'));
      row?.fill(0);
      strictEqual(text(backend.readRow('b', bytes('k'))), 'v');
      await backend.close();
    },
  },
];

const durability: readonly ContractCase[] = [
  {
    name: 'keeps everything over close and open',
    async run(harness) {
      let backend = await harness.open();
      inTransaction(backend, () => {
        append(backend, 1);
        backend.writeRow('b', bytes('k'), bytes('v'));
      });
      await backend.checkpoint();
      backend = await harness.reopen(backend);
      strictEqual(text(backend.readRecord(1)), 'h1t1');
      strictEqual(text(backend.readRow('b', bytes('k'))), 'v');
      await backend.close();
    },
  },
  {
    name: 'checkpoints what was opened and not written',
    async run(harness) {
      let backend = await harness.open();
      await backend.checkpoint();
      backend = await harness.reopen(backend);
      await backend.checkpoint();
      await backend.close();
    },
  },
  {
    name: 'B2 CP-9 a crash leaves a state after some commit, not before the last checkpoint',
    async run(harness) {
      let backend = await harness.open();
      for (let i = 1; i <= 3; i++)
        inTransaction(backend, () => {
          append(backend, i);
        });
      await backend.checkpoint();
      for (let i = 4; i <= 6; i++) {
        inTransaction(backend, () => {
          append(backend, i);
          backend.writeRow('b', bytes('last'), bytes(`${i}`));
        });
      }
      backend.begin();
      append(backend, 7);
      backend.writeRow('b', bytes('last'), bytes('7'));
      backend = await harness.crash(backend);
      const last = Number(text(backend.readRow('b', bytes('last'))) ?? 3);
      ok(last >= 3 && last <= 6, `the crash left commit ${last}`);
      const heads = Array.from({ length: last }, (_, i) => `h${i + 1}`).join('');
      strictEqual(text(backend.scanHeads(1, 99, 1e6)), heads);
      await backend.close();
    },
  },
  {
    name: 'runs checkpoints beside transactions, and one after the other',
    async run(harness) {
      const backend = await harness.open();
      const running: Promise<void>[] = [];
      for (let i = 1; i <= 20; i++) {
        inTransaction(backend, () => {
          append(backend, i);
        });
        running.push(backend.checkpoint());
      }
      await Promise.all(running);
      const survivor = await harness.crash(backend);
      strictEqual(survivor.scanHeads(1, 99, 1e6).length > 0, true);
      strictEqual(text(survivor.readRecord(20)), 'h20t20');
      await survivor.close();
    },
  },
  {
    name: 'G-17 exports a consistent image while transactions go on',
    async run(harness) {
      const backend = await harness.open();
      inTransaction(backend, () => {
        append(backend, 1, 2);
        backend.writeRow('b', bytes('k'), bytes('v'));
      });
      const exporting = backend.exportImage();
      inTransaction(backend, () => {
        append(backend, 3);
      });
      const image = await exporting;
      const parts: Uint8Array[] = [];
      for await (const chunk of image.chunks) parts.push(chunk);
      const whole = Buffer.concat(parts);
      strictEqual(whole.length, image.bytes);
      await image.close();
      await image.close();
      await backend.close();
      const copy = await harness.openImage(whole);
      strictEqual(text(copy.readRecords([1, 2])), 'h1t1h2t2');
      strictEqual(text(copy.readRow('b', bytes('k'))), 'v');
      await copy.close();
    },
  },
];

async function imageOf(backend: Backend): Promise<Uint8Array> {
  const image = await backend.exportImage();
  const parts: Uint8Array[] = [];
  for await (const chunk of image.chunks) parts.push(chunk);
  await image.close();
  return Buffer.concat(parts);
}

/** A backend with one row, and another one's image, with another row, in a file beside it. */
async function withReplacement(
  harness: BackendHarness,
): Promise<{ readonly backend: Backend; readonly file: string }> {
  const other = await harness.open();
  inTransaction(other, () => {
    append(other, 7);
    other.writeRow('b', bytes('k'), bytes('new'));
  });
  const image = await imageOf(other);
  await other.close();
  const backend = await harness.open();
  inTransaction(backend, () => {
    append(backend, 1, 2);
    backend.writeRow('b', bytes('k'), bytes('old'));
  });
  await backend.checkpoint();
  return { backend, file: harness.place(image, backend) };
}

const replacement: readonly ContractCase[] = [
  {
    name: 'reads rows out of the copy, not out of what came later',
    async run(harness) {
      const { backend } = await withReplacement(harness);
      const address = { bucket: 'b', key: bytes('k') };
      const image = await backend.exportImage([address, { bucket: 'b', key: bytes('none') }]);
      inTransaction(backend, () => {
        backend.writeRow('b', bytes('k'), bytes('later'));
      });
      strictEqual(text(image.rows[0]), 'old');
      strictEqual(image.rows[1], undefined);
      await image.close();
      await backend.close();
    },
  },
  {
    name: 'CP-7 is replaced by another database, and stays so',
    async run(harness) {
      const { backend, file } = await withReplacement(harness);
      backend.begin();
      backend.writeRow('b', bytes('open'), bytes('given up'));
      await backend.prepareReplacement(file);
      strictEqual(text(backend.readRow('b', bytes('k'))), 'old');
      let next = backend.replace();
      strictEqual(next.name, backend.name);
      strictEqual(text(next.readRow('b', bytes('k'))), 'new');
      strictEqual(text(next.scanHeads(1, 9, 1e6)), 'h7');
      inTransaction(next, () => {
        append(next, 8);
      });
      await next.checkpoint();
      next = await harness.reopen(next);
      strictEqual(text(next.scanHeads(1, 9, 1e6)), 'h7h8');
      deepStrictEqual(next.verify(), []);
      await next.close();
    },
  },
  {
    name: 'CP-7 a crash after the replacement was prepared finds the new database',
    async run(harness) {
      const { backend, file } = await withReplacement(harness);
      inTransaction(backend, () => {
        append(backend, 3);
      });
      await backend.prepareReplacement(file);
      const survivor = await harness.crash(backend);
      strictEqual(text(survivor.scanHeads(1, 9, 1e6)), 'h7');
      deepStrictEqual(survivor.verify(), []);
      await survivor.close();
    },
  },
];

const space: readonly ContractCase[] = [
  {
    name: 'counts sizes: use falls when records are deleted, size when space is reclaimed',
    async run(harness) {
      const backend = await harness.open();
      const value = new Uint8Array(10_000).fill(7);
      inTransaction(backend, () => {
        for (let i = 1; i <= 200; i++) backend.appendRecord(i, bytes('h'), value);
      });
      const full = backend.size();
      ok(full.bytes >= 2_000_000 && full.inUseBytes <= full.bytes);
      inTransaction(backend, () => {
        backend.deleteRecords(1, 200);
      });
      ok(backend.size().inUseBytes < full.inUseBytes / 2);
      while (backend.reclaim(16) === 'more');
      ok(backend.size().bytes < full.bytes / 2);
      deepStrictEqual(backend.verify(), []);
      await backend.close();
    },
  },
  {
    name: 'closes twice',
    async run(harness) {
      const backend = await harness.open();
      await backend.close();
      await backend.close();
    },
  },
];

/** All cases. */
export const backendContract: readonly ContractCase[] = [
  ...records,
  ...rows,
  ...transactions,
  ...durability,
  ...replacement,
  ...space,
];
