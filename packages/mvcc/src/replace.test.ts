// A store whose database is replaced under it: nothing of the old one is seen again, a damaged one is refused, a crash leaves either.
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  bytes,
  copyDatabase,
  key,
  noLease,
  request,
  scratch,
  summary,
  viewOf,
} from '../test/scratch.js';
import { SqliteBackend } from './backend/sqlite-backend.js';
import type { LeaseId, Revision } from './model.js';
import type { PreparedStore } from './prepared-store.js';
import { MvccStore } from './store.js';

const { path } = scratch();

async function openStore(database = path()): Promise<MvccStore> {
  return MvccStore.open(await SqliteBackend.open(database), { verify: true });
}

/** Entries `from` to `to`, each a put of a key of its own. */
function write(store: MvccStore, from: number, to: number, lease = noLease): void {
  for (let index = from; index <= to; index++) {
    const txn = store.begin();
    request(txn, () => txn.put(key(`key-${index}`), bytes('v'), lease));
    txn.setConsistentIndex({ index, term: 3 }, bytes(`{"voters":[${index}]}`));
    txn.end();
  }
}

/** A copy of the store in a file beside `beside`. */
async function copyOf(store: MvccStore, beside: string): Promise<string> {
  const image = await store.exportImage();
  const parts: Uint8Array[] = [];
  for await (const chunk of image.chunks) parts.push(chunk);
  await image.close();
  writeFileSync(`${beside}.received`, Buffer.concat(parts));
  return `${beside}.received`;
}

async function prepare(store: MvccStore, file: string): Promise<PreparedStore> {
  return store.prepare(file, await SqliteBackend.open(file, { locked: false }));
}

/** A store with five entries, and a copy of one with nine beside it. */
async function pair(): Promise<{
  readonly database: string;
  readonly store: MvccStore;
  readonly file: string;
}> {
  const database = path();
  const leader = await openStore();
  write(leader, 1, 9, 7n as LeaseId);
  const file = await copyOf(leader, database);
  await leader.close();
  const store = await openStore(database);
  write(store, 1, 5);
  await store.checkpoint();
  return { database, store, file };
}

describe('an image', () => {
  it('says which batch it is of', async () => {
    const store = await openStore();
    write(store, 1, 4);
    const image = await store.exportImage();
    expect(image.consistentIndex).toEqual({ index: 4, term: 3 });
    expect(Buffer.from(image.confState ?? []).toString()).toBe('{"voters":[4]}');
    await image.close();
    await store.close();
  });
});

describe('a store that is replaced', () => {
  it('serves the old state until then, and only the new one afterwards, under the same object', async () => {
    const { database, store, file } = await pair();
    const prepared = await prepare(store, file);
    expect(prepared.consistentIndex).toEqual({ index: 9, term: 3 });
    const installing = store.install(prepared);
    expect(store.revision).toBe(6);
    await installing;
    expect(store.revision).toBe(10);
    expect(store.consistentIndex).toEqual({ index: 9, term: 3 });
    expect(store.takeRecoveredLeases().size).toBe(9);
    write(store, 10, 12);
    await store.checkpoint();
    await store.close();
    const again = await openStore(database);
    expect(again.consistentIndex.index).toBe(12);
    expect(again.verify()).toEqual([]);
    await again.close();
  });

  it('ends reads that are under way with `replaced`: their place means nothing any more', async () => {
    const { store, file } = await pair();
    const view = viewOf(store.read(3 as Revision));
    const cursor = view.cursor({ type: 'all' }, { keysOnly: false });
    await store.install(await prepare(store, file));
    expect(() => cursor.next(1)).toThrow(expect.objectContaining({ code: 'replaced' }));
    expect(summary(store.readNewest())).toContain('key-9=v@10');
    await store.close();
  });

  it('F-16 refuses a copy with a flipped bit, and keeps what it has', async () => {
    const { store, file } = await pair();
    const image = readFileSync(file);
    const at = image.indexOf('key-7');
    image[at] = (image[at] ?? 0) ^ 1;
    writeFileSync(file, image);
    await expect(prepare(store, file)).rejects.toThrow(
      expect.objectContaining({ code: 'corrupt' }),
    );
    write(store, 6, 6);
    expect(store.revision).toBe(7);
    await store.close();
  });

  it('F-25 can be replaced again', async () => {
    const { database, store, file } = await pair();
    await store.install(await prepare(store, file));
    const leader = await openStore();
    write(leader, 1, 20);
    const second = await copyOf(leader, database);
    await leader.close();
    await store.install(await prepare(store, second));
    expect(store.consistentIndex.index).toBe(20);
    await store.close();
  });
});

describe('CP-7 a crash while a store is replaced', () => {
  it('before the replacement is prepared: the old state', async () => {
    const { database, store, file } = await pair();
    await prepare(store, file);
    const left = path();
    copyDatabase(database, left);
    const survivor = await openStore(left);
    expect(survivor.consistentIndex.index).toBe(5);
    await survivor.close();
    await store.close();
  });

  it('with the old log still there, or already gone: the new state', async () => {
    const { store, file } = await pair();
    const prepared = await prepare(store, file);
    const survivors = [path(), path()] as const;
    await store.close();
    for (const left of survivors) {
      const old = await openStore(left);
      write(old, 1, 5);
      await old.checkpoint();
      copyDatabase(left, `${left}-copy`);
      await old.close();
      copyDatabase(`${left}-copy`, left);
      writeFileSync(`${left}.next`, readFileSync(prepared.path));
    }
    writeFileSync(`${survivors[1]}-wal`, '');
    for (const left of survivors) {
      const survivor = await openStore(left);
      expect(survivor.consistentIndex.index).toBe(9);
      expect(survivor.verify()).toEqual([]);
      await survivor.close();
    }
  });
});
