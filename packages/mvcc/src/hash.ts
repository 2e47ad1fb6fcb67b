/**
 * Hashes that members compare: HashKV at a revision, bit for bit etcd's, and Hash over everything. In steps, because a
 * whole store takes longer than one turn of the event loop may.
 *
 * Source: etcd v3.7.1 server/storage/mvcc/hash.go, server/storage/backend/backend.go (Hash), semantics of key_index.go's
 * `Keep`.
 */
import { Buffer } from 'node:buffer';
import type { BucketName } from './api.js';
import { Bucket } from './bucket.js';
import { crc32c } from './codec/crc32c.js';
import { writeUint53 } from './codec/varint.js';
import type { Key, Revision } from './model.js';
import type { KeyValueHash, SlicedTask } from './options.js';
import type { RecordRun } from './record-run.js';
import { keyOf } from './store-core.js';
import type { StoreCore } from './store-core.js';

/** Records and bytes that one step hashes: about two milliseconds. */
const stepRecordsMax = 2000;
const stepBytesMax = 1024 * 1024;

const underscore = 0x5f;
const tombstoneMark = 0x74;

/** Etcd's buckets in the order of its Hash. Each exists in every store of etcd's, if only empty. */
const bucketsInOrder: readonly (BucketName | 'key')[] = [
  'alarm',
  'auth',
  'authRoles',
  'authUsers',
  'cluster',
  'key',
  'lease',
  'members',
  'members_removed',
  'meta',
];
/** Meta entries that differ between members by right. */
const ignoredMeta: ReadonlySet<string> = new Set(['consistent_index', 'term', 'storageVersion']);

/** A generator that yields after each step, as a task. `release` runs once, at the end or when given up. */
class GeneratorTask<T> implements SlicedTask<T> {
  private readonly steps: Generator<undefined, T>;
  private readonly release: () => void;

  constructor(steps: Generator<undefined, T>, release: () => void) {
    this.steps = steps;
    this.release = release;
  }

  step(): T | undefined {
    try {
      const { done, value } = this.steps.next();
      if (done !== true) return undefined;
      this.release();
      return value;
    } catch (error) {
      this.release();
      throw error;
    }
  }

  close(): void {
    this.release();
  }
}

/** CRC-32C over record keys and values in etcd's form. */
export class RecordHasher {
  private crc = 0;
  private readonly key = new Uint8Array(18);

  constructor() {
    this.key[8] = underscore;
    this.key[17] = tombstoneMark;
  }

  name(name: string): void {
    this.bytes(Buffer.from(name, 'latin1'));
  }

  bytes(bytes: Uint8Array): void {
    this.crc = crc32c(bytes, 0, bytes.length, this.crc);
  }

  /** Feeds the record that a run over `bytes` is at. */
  record({ head, end }: RecordRun, bytes: Uint8Array): void {
    writeUint53(this.key, 0, head.main);
    writeUint53(this.key, 9, head.sub);
    this.crc = crc32c(this.key, 0, head.isTombstone ? 18 : 17, this.crc);
    this.crc = crc32c(bytes, head.keyValueStart, end, this.crc);
  }

  get value(): number {
    return this.crc;
  }
}

/** HashKV at `revision`, against the compaction revision of now. Holds back further compaction until done. */
export function hashKvTask(core: StoreCore, revision: number): SlicedTask<KeyValueHash> {
  const compactRevision = core.state.scheduledCompactRevision;
  return new GeneratorTask(hashKvSteps(core, revision, compactRevision), core.pin(compactRevision));
}

function* hashKvSteps(
  core: StoreCore,
  revision: number,
  compactRevision: number,
): Generator<undefined, KeyValueHash> {
  const hasher = new RecordHasher();
  hasher.name('key');
  // Etcd's keep set is what a compaction at `revision` would leave. If that is empty, nothing is skipped by it, and what
  // the compaction at `compactRevision` leaves is hashed, whether or not its removal is finished.
  const keepAt = compactRevision >= 0 && anyKeyAt(core, revision) ? revision : compactRevision;
  for (let after = 0; ;) {
    const bytes = core.backend.scanRecords(after + 1, stepRecordsMax, stepBytesMax);
    if (bytes.length === 0) break;
    const run = core.records(bytes, after);
    let past = false;
    while (run.next()) {
      const { head } = run;
      past = head.main > revision;
      if (past) break;
      if (head.main <= compactRevision && !keeps(core, bytes, run, keepAt)) continue;
      hasher.record(run, bytes);
    }
    if (past) break;
    after = run.seq;
    yield undefined;
    core.guard();
  }
  return {
    hash: hasher.value,
    compactRevision: compactRevision as Revision,
    hashRevision: revision as Revision,
  };
}

/**
 * True when the record that `run` is at is the put that a read of its key at `at` would return. Never for a tombstone: the one
 * that stays at exactly the compaction revision is left out by etcd, too.
 */
function keeps(core: StoreCore, bytes: Uint8Array, run: RecordRun, at: number): boolean {
  const slot = core.index.find(keyOf(run.head, bytes));
  return slot >= 0 && core.index.seqAt(slot, at) === run.seq;
}

/** True when any key exists at `revision`. Ends at the first: O(n) only in a store of tombstones. */
function anyKeyAt(core: StoreCore, revision: number): boolean {
  const matches = { keys: [], seqs: [], slots: [] };
  core.index.collect('' as Key, undefined, revision, 1, Infinity, matches);
  return matches.keys.length > 0;
}

/** Hash: everything, as of now. For tests, as in etcd: changes between steps may or may not be included. */
export function hashAllTask(core: StoreCore): SlicedTask<number> {
  return new GeneratorTask(hashAllSteps(core), core.pin(core.state.scheduledCompactRevision));
}

function* hashAllSteps(core: StoreCore): Generator<undefined, number> {
  const hasher = new RecordHasher();
  for (const name of bucketsInOrder) {
    hasher.name(name);
    if (name === 'key') yield* feedRecords(core, hasher);
    else if (name === 'meta') feedMeta(core, hasher);
    else {
      for (const [key, value] of new Bucket(core, name).entries()) {
        hasher.bytes(key);
        hasher.bytes(value);
      }
    }
    yield undefined;
    core.guard();
  }
  return hasher.value;
}

function* feedRecords(core: StoreCore, hasher: RecordHasher): Generator<undefined, void> {
  for (let after = 0; ;) {
    core.guard();
    const bytes = core.backend.scanRecords(after + 1, stepRecordsMax, stepBytesMax);
    if (bytes.length === 0) return;
    const run = core.records(bytes, after);
    while (run.next()) {
      hasher.record(run, bytes);
    }
    after = run.seq;
    yield undefined;
  }
}

/** The meta bucket as etcd has it: its rows here, and the two compaction marks, which are in the state row. */
function feedMeta(core: StoreCore, hasher: RecordHasher): void {
  const entries = new Map<string, Uint8Array>();
  for (const [key, value] of new Bucket(core, 'meta').entries()) {
    const name = Buffer.from(key).toString('latin1');
    if (!ignoredMeta.has(name)) entries.set(name, value);
  }
  const { scheduledCompactRevision, finishedCompactRevision } = core.state;
  if (scheduledCompactRevision >= 0) {
    entries.set('scheduledCompactRev', revisionKey(scheduledCompactRevision));
  }
  if (finishedCompactRevision >= 0) {
    entries.set('finishedCompactRev', revisionKey(finishedCompactRevision));
  }
  for (const name of [...entries.keys()].sort()) {
    hasher.name(name);
    hasher.bytes(entries.get(name) ?? new Uint8Array(0));
  }
}

/** A revision with sub 0 in record-key form. */
function revisionKey(main: number): Uint8Array {
  const bytes = new Uint8Array(17);
  writeUint53(bytes, 0, main);
  bytes[8] = underscore;
  return bytes;
}
