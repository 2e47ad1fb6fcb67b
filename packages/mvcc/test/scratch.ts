/** A scratch folder per test file, and small helpers that the tests share. */
import { Buffer } from 'node:buffer';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { Key, KeyRange, LeaseId, Revision, StoredKeyValue } from '../src/model.js';
import { valueOf } from '../src/codec/record.js';
import type { ReadView, WriteTxn } from '../src/api.js';
import type { Backend } from '../src/backend/backend.js';
import type { RevisionProblem, SlicedTask } from '../src/options.js';
import { MemoryBackend } from '../src/testing/memory-backend.js';

export const everything: KeyRange = { type: 'all' };
export const noLease = 0n as LeaseId;

export const key = (text: string): Key => text as Key;
export const rev = (revision: number): Revision => revision as Revision;
export const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
export const textOf = (kv: StoredKeyValue | undefined): string | undefined =>
  kv === undefined ? undefined : Buffer.from(valueOf(kv)).toString('latin1');

/** A folder that is removed after the tests of the file. `path()` names a new database in it. */
export function scratch(): { readonly path: () => string } {
  const folder = mkdtempSync(join(tmpdir(), 'kv-mvcc-'));
  let count = 0;
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return { path: () => join(folder, `db-${++count}`) };
}

/** Copies database, log and what is to replace them, as they are now: what kill -9 leaves. */
export function copyDatabase(from: string, to: string): void {
  for (const suffix of ['', '-wal', '.next']) {
    if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix);
  }
}

/** Runs one request in a transaction. */
export function request(txn: WriteTxn, ...operations: readonly (() => void)[]): number {
  txn.beginRequest();
  for (const operation of operations) operation();
  return txn.endRequest().revision;
}

/** The view, where the test is certain that there is one. */
export function viewOf(view: ReadView | RevisionProblem): ReadView {
  if (view.type !== 'view') throw new Error(`no view: ${view.type}`);
  return view;
}

/** Every pair that a view shows in a range, through a cursor. */
export function pairsOf(view: ReadView, range: KeyRange = everything): StoredKeyValue[] {
  const cursor = view.cursor(range, { keysOnly: false });
  const pairs: StoredKeyValue[] = [];
  while (!cursor.done) pairs.push(...cursor.next(1000));
  return pairs;
}

/** `key=value@mod` for each pair: short to compare. */
export function summary(view: ReadView, range: KeyRange = everything): string {
  return pairsOf(view, range)
    .map((kv) => `${kv.key}=${textOf(kv) ?? ''}@${kv.modRevision}`)
    .join(' ');
}

export function finish<T>(task: SlicedTask<T> | RevisionProblem): T {
  if ('type' in task) throw new Error(`no task: ${task.type}`);
  for (;;) {
    const result = task.step();
    if (result !== undefined) return result;
  }
}

/** The backend as what it is, where a test needs its power cuts. */
export function inMemory(backend: Backend): MemoryBackend {
  if (!(backend instanceof MemoryBackend)) throw new Error(`${backend.name} is not in memory`);
  return backend;
}
