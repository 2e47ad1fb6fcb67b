// G-2 CP-4 CP-5 CP-8 CP-9 F-1: a process that is killed at random moments, again and again on the same files, loses nothing
// that it reported, and never holds part of an entry: the store equals the model at exactly the index that it recovers.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { bytes, everything, key, noLease, rev, scratch, summary, viewOf } from '../test/scratch.js';
import { compactionOf, operationsOf } from '../test/workload.mjs';
import { SqliteBackend } from './backend/sqlite-backend.js';
import type { Revision } from './model.js';
import { MvccStore } from './store.js';
import { NaiveModel } from './testing/naive-model.js';

const child = join(import.meta.dirname, '../test/kill-child.mjs');
const rounds = 6;
const { path } = scratch();

/** Runs the child and kills it after it reported `lines` lines; returns the last durable index it reported. */
async function runAndKill(database: string, lines: number): Promise<number> {
  const running = spawn(process.execPath, [child, database], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let seen = 0;
  let durable = 0;
  for await (const line of createInterface(running.stdout)) {
    const [what, number] = line.split(' ');
    if (what === 'durable') durable = Number(number);
    if (++seen === lines) running.kill('SIGKILL');
  }
  if (running.exitCode === null && running.signalCode === null) await once(running, 'exit');
  expect(running.signalCode).toBe('SIGKILL');
  return durable;
}

/** Brings the model from entry `from` (exclusive) to entry `to`. */
function advance(model: NaiveModel, from: number, to: number): void {
  for (let index = from + 1; index <= to; index++) {
    model.beginRequest();
    for (const operation of operationsOf(index)) {
      if (operation.type === 'put') model.put(key(operation.key), operation.value ?? '', noLease);
      else model.deleteRange({ type: 'single', key: key(operation.key) });
    }
    model.endRequest();
    const compaction = compactionOf(index, model.revision);
    if (compaction !== undefined) model.compact(compaction as Revision);
  }
}

function expectEqual(store: MvccStore, model: NaiveModel): void {
  expect(store.revision).toBe(model.revision);
  expect(store.compactRevision).toBe(model.compactRevision);
  for (let at = Math.max(1, model.compactRevision); at <= model.revision; at++) {
    const pairs = model.read(everything, at);
    if (typeof pairs === 'string') throw new Error(`the model has no revision ${at}`);
    expect(summary(viewOf(store.read(rev(at))))).toBe(
      pairs.map((pair) => `${pair.key}=${pair.value}@${pair.modRevision}`).join(' '),
    );
  }
}

describe('kill -9', () => {
  it(`${rounds} times on the same store`, async () => {
    const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e6));
    console.log(`kill -9: SEED=${seed}`);
    const database = path();
    const model = new NaiveModel();
    let applied = 0;
    for (let round = 0; round < rounds; round++) {
      const durable = await runAndKill(database, 1 + ((seed * (round + 7)) % 331));
      const store = await MvccStore.open(await SqliteBackend.open(database), { verify: true });
      const { index } = store.consistentIndex;
      expect(index).toBeGreaterThanOrEqual(Math.max(durable, applied));
      advance(model, applied, index);
      applied = index;
      expectEqual(store, model);
      if (index > 0) {
        expect(store.bucket('lease').get(bytes('last'))).toEqual(Buffer.from(`${index}`));
      }
      expect(store.verify()).toEqual([]);
      await store.close();
    }
    expect(applied).toBeGreaterThan(0);
  }, 120_000);
});
