/**
 * One million keys of 32 bytes with values of 256: load, restart, reads, hashes, compaction, memory.
 *
 *     node packages/mvcc/bench/store.bench.ts [keys]        (after a build)
 *
 * Prints time and processor time per operation (on a shared machine only the second means much), the longest step where
 * work is sliced, and resident memory. The restart runs in a process of its own. Not measured: anything above the store.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MvccStore, RangeTask, SqliteBackend } from '../dist/index.js';
import type { Key, KeyRange, LeaseId, RangeQuery, Revision } from '../dist/index.js';

const everything: KeyRange = { type: 'all' };
const batchRequests = 500;
const noLease = 0n as LeaseId;
const value = new Uint8Array(256).fill(0x41);

const wholeRange: RangeQuery = {
  range: everything,
  limit: 0,
  sortOrder: 'none',
  sortTarget: 'key',
  keysOnly: false,
  countOnly: false,
  minModRevision: 0,
  maxModRevision: 0,
  minCreateRevision: 0,
  maxCreateRevision: 0,
};

/** Key i of a sequence without order: what an index likes least. */
function keyAt(i: number): Key {
  const mixed = Math.imul(i, 0x9e37_79b1) >>> 0;
  return mixed.toString(16).padStart(32, '/registry/pods/') as Key;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

async function measure(
  name: string,
  operations: number,
  work: () => string | undefined | Promise<string | undefined>,
): Promise<void> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const note = await work();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  const perOperation = (us: number): string => (us / operations).toFixed(2).padStart(9);
  console.log(
    name.padEnd(38),
    `${ms.toFixed(0).padStart(6)} ms`,
    `${perOperation(ms * 1000)} us/op`,
    `${perOperation(user + system)} us CPU/op`,
    megabytes(process.memoryUsage.rss()).padStart(8),
    note ?? '',
  );
}

/** Runs a sliced job to its end; tells the longest step. */
function drain(step: () => unknown): string {
  let longest = 0;
  for (let result: unknown; result === undefined;) {
    const start = performance.now();
    result = step();
    longest = Math.max(longest, performance.now() - start);
  }
  return `longest step ${longest.toFixed(1)} ms`;
}

async function load(store: MvccStore, keys: number): Promise<undefined> {
  let checkpoint: Promise<unknown> | undefined;
  for (let i = 0; i < keys; i += batchRequests) {
    const txn = store.begin();
    for (let j = i; j < i + batchRequests; j++) {
      txn.beginRequest();
      txn.put(keyAt(j), value, noLease);
      txn.endRequest();
    }
    txn.setConsistentIndex({ index: i + batchRequests, term: 1 });
    txn.end();
    checkpoint ??= store.checkpoint().finally(() => {
      checkpoint = undefined;
    });
    if (i % 5000 === 0) await nextTurn();
    await store.gate();
  }
  await store.checkpoint();
  return undefined;
}

async function reads(store: MvccStore, keys: number): Promise<void> {
  const view = store.readNewest();
  const samples = 100_000;
  await measure('get, any key', samples, () => {
    for (let i = 0; i < samples; i++) view.get(keyAt((i * 7919) % keys));
    return undefined;
  });
  await measure('get, a thousand keys', samples, () => {
    for (let i = 0; i < samples; i++) view.get(keyAt(i % 1000));
    return undefined;
  });
  await measure('count of a range', samples, () => {
    const range: KeyRange = { type: 'range', start: keyAt(1), end: keyAt(2) };
    for (let i = 0; i < samples; i++) view.count(range);
    return undefined;
  });
  await measure('range over all keys', keys, () => {
    const task = new RangeTask(view, wholeRange);
    return drain(() => task.step());
  });
  await measure('range over all keys, keys only', keys, () => {
    const task = new RangeTask(view, { ...wholeRange, keysOnly: true });
    return drain(() => task.step());
  });
  await measure('HashKV', keys, () => {
    const task = store.hashKv();
    return 'type' in task ? task.type : drain(() => task.step());
  });
  await measure('history of everything', keys, () => {
    const cursor = store.history({ range: everything, from: 2 as Revision });
    return drain(() => {
      const batch = cursor.next();
      return 'type' in batch || batch.done ? batch : undefined;
    });
  });
}

async function compaction(store: MvccStore, keys: number): Promise<void> {
  const txn = store.begin();
  txn.compact(store.revision);
  txn.end();
  await measure('compaction that keeps all', keys, () =>
    drain(() => (store.compactSlice() === 'done' ? true : undefined)),
  );
}

const [database, size] = [process.argv[3], Number(process.argv[2] ?? 1_000_000)];
if (database === undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'kv-mvcc-bench-'));
  const path = join(folder, 'db');
  const store = await MvccStore.open(await SqliteBackend.open(path));
  await measure(`put, batches of ${batchRequests}`, size, () => load(store, size));
  await measure('put, batches of 1', 10_000, () => {
    for (let i = 0; i < 10_000; i++) {
      const txn = store.begin();
      txn.beginRequest();
      txn.put(keyAt(i), value, noLease);
      txn.endRequest();
      txn.end();
    }
    return undefined;
  });
  await reads(store, size);
  console.log('size', megabytes(store.size().bytes));
  await store.close();
  console.log('--- after a restart');
  execFileSync(process.execPath, [import.meta.filename, String(size), path], { stdio: 'inherit' });
  rmSync(folder, { recursive: true });
} else {
  let opened: MvccStore | undefined;
  await measure('open', size, async () => {
    opened = await MvccStore.open(await SqliteBackend.open(database));
    return undefined;
  });
  if (opened !== undefined) {
    await reads(opened, size);
    await compaction(opened, size);
    await opened.close();
  }
}
