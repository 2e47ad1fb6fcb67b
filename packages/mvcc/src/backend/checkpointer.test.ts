// Goal: a checkpoint promises only what a sync of SQLite's log has made durable. Method: stand between the store and the
// descriptor that it syncs by, for a kill leaves the page cache and would not show a missing sync.
import type * as promises from 'node:fs/promises';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { bytes, key, noLease, request, scratch } from '../../test/scratch.js';
import { MvccStore } from '../store.js';
import { SqliteBackend } from './sqlite-backend.js';

const disk = vi.hoisted(() => ({
  synced: [] as string[],
  failure: undefined as Error | undefined,
}));

vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof promises>();
  return {
    ...real,
    open: async (path: string, flags: string) => {
      const file = await real.open(path, flags);
      const datasync = file.datasync.bind(file);
      file.datasync = async () => {
        if (disk.failure !== undefined) throw disk.failure;
        disk.synced.push(path);
        await datasync();
      };
      return file;
    },
  };
});

const { path } = scratch();

async function storeWithOneKey(database: string): Promise<MvccStore> {
  const store = await MvccStore.open(await SqliteBackend.open(database));
  const txn = store.begin();
  request(txn, () => txn.put(key('a'), bytes('1'), noLease));
  txn.setConsistentIndex({ index: 7, term: 2 });
  txn.end();
  return store;
}

beforeEach(() => {
  disk.synced.length = 0;
  disk.failure = undefined;
});

describe('a checkpoint', () => {
  it("G-2 resolves after SQLite's log was synced, with the index that is in it", async () => {
    const database = path();
    const store = await storeWithOneKey(database);
    expect(disk.synced).toEqual([]);
    expect(await store.checkpoint()).toEqual({ index: 7, term: 2 });
    expect(disk.synced).toEqual([`${database}-wal`]);
    await store.close();
  });

  it('asked for while one runs is another one, shared by all who ask meanwhile', async () => {
    const store = await storeWithOneKey(path());
    await Promise.all([store.checkpoint(), store.checkpoint(), store.checkpoint()]);
    expect(disk.synced).toHaveLength(2);
    await store.close();
  });

  it.each([
    ['too long a log', 4096, [true]],
    ['a short log', 64 * 1024 * 1024, []],
  ])(
    'of %s asks for a pause, and that what is open be committed in it',
    async (_, logBytesMax, expected) => {
      const backend = await SqliteBackend.open(path(), { logBytesMax });
      for (let row = 0; row < 20; row++) {
        backend.begin();
        backend.writeRow('b', bytes(`k${row}`), new Uint8Array(1000));
        backend.commit();
      }
      const pauses: boolean[] = [];
      await backend.checkpoint(() => {
        pauses.push(backend.gate() !== undefined);
      });
      expect(pauses).toEqual(expected);
      expect(backend.gate()).toBeUndefined();
      await backend.close();
    },
  );

  it('F-10 H-S12 of which the sync fails promises nothing, and is the end of the store', async () => {
    const store = await storeWithOneKey(path());
    disk.failure = Object.assign(new Error('EIO: simulated'), { code: 'EIO' });
    await expect(store.checkpoint()).rejects.toMatchObject({ code: 'io' });
    expect(() => store.begin()).toThrow(expect.objectContaining({ code: 'poisoned' }) as Error);
    await store.close();
  });
});
