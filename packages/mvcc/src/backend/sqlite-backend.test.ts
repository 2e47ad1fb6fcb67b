// What is SQLite's alone: settings, plans, refusals, a full disk, flipped bits, a torn log, and a log that stays short.
import { Buffer } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  copyFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import {
  bytes,
  copyDatabase,
  everything,
  finish,
  key,
  noLease,
  request,
  rev,
  scratch,
  summary,
  viewOf,
} from '../../test/scratch.js';
import { MvccError } from '../errors.js';
import type { MvccLimits } from '../limits.js';
import { MvccStore } from '../store.js';
import { checkEngineVersion, schemaVersion } from './schema.js';
import { SqliteBackend } from './sqlite-backend.js';
import type { SqliteBackendOptions } from './sqlite-backend.js';
import { insertRecordsMax, sql } from './statements.js';

const { path } = scratch();

async function openStore(
  database: string,
  options: SqliteBackendOptions = {},
  limits: Partial<MvccLimits> = {},
): Promise<MvccStore> {
  return MvccStore.open(await SqliteBackend.open(database, options), { verify: true, limits });
}

/** Entries `from` to `to`, a batch each: a put of one of 50 keys. */
function write(store: MvccStore, from: number, to: number, valueBytes = 300): void {
  for (let index = from; index <= to; index++) {
    const txn = store.begin();
    request(txn, () =>
      txn.put(key(`key-${index % 50}`), bytes(`${index}`.padEnd(valueBytes, '.')), noLease),
    );
    txn.bucket('lease').put(bytes(`row-${index % 9}`), bytes(`${index}`));
    txn.setConsistentIndex({ index, term: 1 });
    txn.end();
  }
}

describe('settings', () => {
  it('H-S2 H-S5 hold for the file: write-ahead log, incremental vacuum, identity, version', async () => {
    const database = path();
    const store = await openStore(database);
    write(store, 1, 3);
    await store.close();
    const plain = new Database(database);
    const read = (pragma: string): unknown => plain.pragma(pragma, { simple: true });
    expect(read('journal_mode')).toBe('wal');
    expect(read('auto_vacuum')).toBe(2);
    expect(read('page_size')).toBe(4096);
    expect(read('application_id')).toBe(0x6b76_6d76);
    expect(read('user_version')).toBe(schemaVersion);
    plain.close();
  });

  it('H-S6 no statement scans a table', async () => {
    const database = path();
    await (await SqliteBackend.open(database)).close();
    const plain = new Database(database);
    for (const [name, text] of Object.entries(sql)) {
      if (['begin', 'beginRead', 'commit', 'rollback'].includes(name)) continue;
      const parameters = Array.from({ length: text.split('?').length - 1 }, () => null);
      const plan = plain.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...parameters) as {
        detail: string;
      }[];
      const scans = plan.filter(({ detail }) => /^SCAN (record|row)/.test(detail));
      expect(scans, name).toEqual([]);
    }
    plain.close();
  });

  it('inserts any number of records per batch', async () => {
    const backend = await SqliteBackend.open(path());
    let seq = 0;
    for (let count = 1; count <= 2 * insertRecordsMax + 1; count++) {
      backend.begin();
      for (let i = 0; i < count; i++) backend.appendRecord(++seq, bytes('h'), bytes('t'));
      backend.commit();
    }
    expect(backend.scanHeads(1, 1000, 1e6)).toHaveLength(seq);
    await backend.close();
  });
});

describe('refusals', () => {
  it('H-S1 of an engine with the WAL-reset bug', () => {
    for (const bad of ['3.7.0', '3.51.2', '3.50.99', '2.99.99']) {
      expect(() => {
        checkEngineVersion(bad);
      }).toThrow(expect.objectContaining({ code: 'old-engine' }) as Error);
    }
    for (const good of ['3.51.3', '3.54.1', '3.100.0', '4.0.0']) checkEngineVersion(good);
  });

  it('B-200 CP-14 of a newer schema version', async () => {
    const database = path();
    await (await openStore(database)).close();
    const plain = new Database(database);
    plain.pragma(`user_version = ${schemaVersion + 1}`);
    plain.close();
    await expect(SqliteBackend.open(database)).rejects.toMatchObject({
      code: 'newer-schema',
      message: expect.stringContaining(`version ${schemaVersion + 1}`) as string,
    });
  });

  it('B-200 of other databases, of files that are none, and of folders', async () => {
    const foreign = path();
    const plain = new Database(foreign);
    plain.exec('CREATE TABLE other (a)');
    plain.close();
    const garbage = path();
    writeFileSync(garbage, Buffer.alloc(8192, 'no database '));
    for (const database of [foreign, garbage]) {
      await expect(SqliteBackend.open(database)).rejects.toMatchObject({ code: 'not-a-store' });
    }
    await expect(SqliteBackend.open(join(path(), 'missing/db'))).rejects.toBeInstanceOf(Error);
  });

  it('F-35 B-162 of a second opener, in this process and in another, until the first closes', async () => {
    const database = path();
    const first = await SqliteBackend.open(database);
    const refused = {
      code: 'in-use',
      message: expect.stringContaining('another process') as string,
    };
    await expect(SqliteBackend.open(database)).rejects.toMatchObject(refused);
    const program = `
      const { SqliteBackend } = await import(process.argv[1]);
      await SqliteBackend.open(process.argv[2]).catch((error) => console.log(error.code));`;
    const built = join(import.meta.dirname, '../../dist/index.js');
    const said = execFileSync(
      process.execPath,
      ['--input-type=module', '-e', program, built, database],
      { encoding: 'utf8' },
    );
    expect(said).toBe('in-use\n');
    await first.close();
    await (await SqliteBackend.open(database)).close();
  });
});

describe('F-12 a full disk', () => {
  it.each([1, 8])(
    'is a typed error, keeps every commit before it whole (of %i batches), and works again with space',
    async (commitBatchesMax) => {
      const database = path();
      const store = await openStore(database, { databaseBytesMax: 400_000 }, { commitBatchesMax });
      let index = 0;
      let failure: unknown;
      while (failure === undefined && index < 5000) {
        try {
          write(store, index + 1, index + 1, 2000);
          index++;
        } catch (error) {
          failure = error;
        }
      }
      expect(failure).toBeInstanceOf(MvccError);
      expect(failure).toMatchObject({ code: 'disk-full' });
      expect(() => store.begin()).toThrow(expect.objectContaining({ code: 'poisoned' }) as Error);
      await store.close();
      const again = await openStore(database);
      const kept = index - (index % commitBatchesMax);
      expect(again.consistentIndex.index).toBe(kept);
      expect(again.revision).toBe(kept + 1);
      write(again, kept + 1, kept + 50, 2000);
      await again.close();
    },
  );
});

/** Opens a damaged store and reads everything: what it says, or that it refused. */
async function readAll(database: string): Promise<string> {
  let store: MvccStore | undefined;
  try {
    store = await openStore(database);
    const past = viewOf(store.read(rev(store.revision - 20)));
    const rows = [...store.bucket('lease').entries()].map((row) => row.map(String).join(':'));
    return [
      store.consistentIndex.index,
      summary(store.readNewest()),
      summary(past),
      rows.join(),
      finish(store.hashKv()).hash,
    ].join('\n');
  } catch (error) {
    expect(error).toBeInstanceOf(MvccError);
    expect(['corrupt', 'not-a-store', 'io', 'newer-schema']).toContain((error as MvccError).code);
    return 'refused';
  } finally {
    await store?.close();
  }
}

describe('G-13 F-17 H-S9 a flipped bit in the database', () => {
  it('gives an error or the right answer, never a wrong one', async () => {
    const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9));
    console.log(`flipped bits: SEED=${seed}`);
    const database = path();
    const store = await openStore(database);
    write(store, 1, 300);
    await store.close();
    const intact = readFileSync(database);
    const expected = await readAll(database);
    let refused = 0;
    const flips = 250;
    for (let i = 0; i < flips; i++) {
      // Every other flip hits the first bytes of a page, where its structure is.
      const random = (seed + Math.imul(i + 1, 0x9e37_79b1)) >>> 0;
      const page = random % (intact.length / 4096);
      const offset =
        i % 2 === 0 ? page * 4096 + ((random >>> 8) % 64) : (random >>> 3) % intact.length;
      const damaged = Buffer.from(intact);
      damaged[offset] = (damaged[offset] ?? 0) ^ (1 << (random & 7));
      const target = path();
      writeFileSync(target, damaged);
      const found = await readAll(target);
      if (found === 'refused') refused++;
      else expect(found, `offset ${offset}, bit ${random & 7}`).toBe(expected);
    }
    expect(refused).toBeGreaterThan(flips / 4);
  }, 120_000);

  it('F-19 a lost record and a lost row are noticed, though every checksum that is left matches', async () => {
    for (const loss of [
      'DELETE FROM record WHERE seq = 7',
      "DELETE FROM row WHERE bucket = 'lease' AND key = CAST('row-3' AS BLOB)",
    ]) {
      const database = path();
      const store = await openStore(database);
      write(store, 1, 20);
      await store.close();
      const plain = new Database(database);
      expect(plain.prepare(loss).run().changes).toBe(1);
      plain.close();
      await expect(openStore(database)).rejects.toMatchObject({
        code: 'corrupt',
        message: expect.stringContaining('were written, or other ones') as string,
      });
    }
  });
});

describe("CP-9 SQLite's log cut at any byte by a crash", () => {
  it('leaves the state after some commit, never before the last checkpoint', async () => {
    const database = path();
    const store = await openStore(database, {}, { commitBatchesMax: 3 });
    write(store, 1, 30);
    const durable = await store.checkpoint();
    expect(durable.index).toBe(30);
    const synced = statSync(`${database}-wal`).size;
    write(store, 31, 60);
    const expected: string[] = [];
    for (let index = 0; index <= 60; index++) {
      expected.push(index < 1 ? '' : summary(viewOf(store.read(rev(index + 1)))));
    }
    const written = statSync(`${database}-wal`).size;
    expect(written).toBeGreaterThanOrEqual(synced);
    const found = new Set<number>();
    for (let i = 0; i <= 40; i++) {
      const target = path();
      copyDatabase(database, target);
      truncateSync(`${target}-wal`, Math.floor((written * i) / 40));
      const again = await openStore(target);
      const { index } = again.consistentIndex;
      expect(index).toBeGreaterThanOrEqual(30);
      expect(summary(again.readNewest())).toBe(expected[index]);
      found.add(index);
      await again.close();
    }
    expect(found.size).toBeGreaterThan(5);
    await store.close();
  }, 60_000);
});

describe('space', () => {
  it('H-S4 the log starts over although writes never pause', async () => {
    const database = path();
    const store = await openStore(database, { logBytesMax: 200_000 });
    // The first checkpoint also starts the worker.
    await store.checkpoint();
    let gates = 0;
    let index = 0;
    let largest = 0;
    for (let round = 0; round < 30; round++) {
      const running = { value: true };
      const checkpoint = store.checkpoint().finally(() => {
        running.value = false;
      });
      do {
        const gate = store.gate();
        if (gate !== undefined) {
          gates++;
          await gate;
        }
        write(store, index + 1, index + 4, 1000);
        index += 4;
        await new Promise(setImmediate);
      } while (running.value);
      await checkpoint;
      largest = Math.max(largest, store.size().logBytes);
    }
    expect(gates).toBeGreaterThan(0);
    // Each batch writes three pages or more: the log never held but a small part of them.
    expect(largest).toBeLessThan((index * 3 * 4096) / 3);
    await store.close();
  }, 60_000);

  it('H-S5 defragment shrinks the file after compaction, beside reads and writes', async () => {
    const database = path();
    const store = await openStore(database);
    write(store, 1, 1000, 2000);
    await store.checkpoint();
    const txn = store.begin();
    txn.compact(store.revision);
    txn.end();
    while (store.compactSlice() === 'more');
    const before = store.size();
    expect(before.inUseBytes).toBeLessThan(before.bytes / 2);
    const newest = summary(store.readNewest());
    const defragmenting = store.defragment(new AbortController().signal);
    expect(summary(store.readNewest())).toBe(newest);
    await defragmenting;
    const after = store.size();
    expect(after.bytes).toBeLessThan(before.bytes / 2);
    expect(statSync(database).size).toBe(after.bytes);
    expect(summary(store.readNewest())).toBe(newest);
    await store.close();
  });

  it('defragment stops when told', async () => {
    const store = await openStore(path());
    const abort = new AbortController();
    abort.abort();
    await expect(store.defragment(abort.signal)).rejects.toThrow();
    await store.close();
  });

  it('H-D11 images that a crash left over are removed at open', async () => {
    const database = path();
    const store = await openStore(database);
    write(store, 1, 3);
    const image = await store.exportImage();
    expect(existsSync(`${database}.image-1`)).toBe(true);
    await store.close();
    copyFileSync(`${database}.image-1`, `${database}.image-9`);
    await image.close();
    await (await openStore(database)).close();
    expect(existsSync(`${database}.image-9`)).toBe(false);
  });

  it('G-17 an image that ends early is an error, and one that nobody reads holds no descriptor', async () => {
    const database = path();
    const store = await openStore(database);
    write(store, 1, 300);
    const [cut, unread] = [await store.exportImage(), await store.exportImage()];
    expect(cut.bytes).toBeGreaterThan(4096);
    truncateSync(`${database}.image-1`, 4096);
    const read = async (): Promise<void> => {
      for await (const chunk of cut.chunks) expect(chunk.length).toBeGreaterThan(0);
    };
    await expect(read()).rejects.toMatchObject({ code: 'io' });
    await cut.close();
    await unread.close();
    await expect(unread.chunks[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'io',
    });
    await store.close();
  });

  it('G-17 an image opens as a store that is equal at its index', async () => {
    const store = await openStore(path());
    write(store, 1, 100);
    const hash = finish(store.hashKv());
    const image = await store.exportImage();
    const parts: Uint8Array[] = [];
    for await (const chunk of image.chunks) parts.push(chunk);
    await image.close();
    expect(image.bytes % 512).toBe(0);
    const copy = path();
    writeFileSync(copy, Buffer.concat(parts));
    write(store, 101, 120);
    const again = await openStore(copy);
    expect(again.consistentIndex).toEqual({ index: 100, term: 1 });
    expect(finish(again.hashKv())).toEqual(hash);
    expect(again.readNewest().count(everything)).toBe(50);
    await again.close();
    await store.close();
  });
});
