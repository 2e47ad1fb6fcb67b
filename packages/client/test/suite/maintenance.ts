/** Snapshots, members, hashes and alarms: the same on every server. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { open, own, type SuiteContext } from './context.js';

export function maintenanceSuite(context: SuiteContext): void {
  describe('maintenance', () => {
    test('a snapshot is a file that is whole, checked and alone', async () => {
      const dir = await mkdtemp(join(tmpdir(), 'clientcore-snapshot-'));
      try {
        await using client = await open(context);
        const kv = own(client);
        for (let n = 0; n < 20; n++) await kv.put(`k${n}`, 'x'.repeat(50_000));
        const path = join(dir, 'backup.db');
        const progress: number[] = [];
        const saved = await client.maintenance.saveSnapshot(path, {
          onProgress: ({ receivedBytes, totalBytes }) => progress.push(receivedBytes / totalBytes),
        });
        const file = await readFile(path);
        expect(file.length).toBe(saved.bytes);
        expect(file.length % 512).toBe(32);
        const image = file.subarray(0, -32);
        expect(createHash('sha256').update(image).digest()).toEqual(file.subarray(-32));
        expect(saved.sha256).toBe(file.subarray(-32).toString('hex'));
        expect(progress.at(-1)).toBe(1);
        expect(await readdir(dir)).toEqual(['backup.db']);
      } finally {
        await rm(dir, { recursive: true });
      }
    });

    test('a snapshot that is broken off leaves nothing, and what was there before stays', async () => {
      const dir = await mkdtemp(join(tmpdir(), 'clientcore-snapshot-'));
      try {
        await using client = await open(context);
        const path = join(dir, 'backup.db');
        const controller = new AbortController();
        const saving = client.maintenance.saveSnapshot(path, {
          signal: controller.signal,
          onProgress: () => {
            controller.abort(new Error('enough'));
          },
        });
        await expect(saving).rejects.toThrow('enough');
        expect(await readdir(dir)).toEqual([]);
        for await (const _part of client.maintenance.snapshot()) break;
      } finally {
        await rm(dir, { recursive: true });
      }
    });

    test('status, hash, members, alarms, one endpoint by name', async () => {
      await using client = await open(context);
      const endpoint = context.endpoint();
      const status = await client.maintenance.status({ endpoint: `http://${endpoint}` });
      const members = await client.cluster.members();
      expect(members.map(({ id }) => id)).toEqual([status.memberId]);
      expect(status.leaderId).toBe(status.memberId);
      const { revision } = await client.kv.put('hash', 'x');
      const hash = await client.maintenance.hashKeys();
      expect(hash.revision).toBe(revision);
      expect(await client.maintenance.alarms()).toEqual([]);
      await client.maintenance.defragment();
      expect(await client.maintenance.hashKeys(revision)).toMatchObject({ hash: hash.hash });
      await expect(client.maintenance.moveLeader(1n)).rejects.toMatchObject({
        code: 'badLeaderTransferee',
      });
      await expect(client.cluster.remove(1n)).rejects.toMatchObject({ code: 'memberNotFound' });
    });

    test('sync: the members say where they are', async () => {
      const [, port = ''] = context.endpoint().split(':');
      await using client = await open(context, { endpoints: [`localhost:${port}`] });
      expect(await client.sync()).toEqual([`http://${context.endpoint()}`]);
      await client.kv.put('synced', '');
      expect(client.endpoints).toEqual([`http://${context.endpoint()}`]);
    });
  });
}
