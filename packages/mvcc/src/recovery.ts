/** Opening: reads the state row, rebuilds the index from the heads of all records, and checks both against the digests. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BucketName } from './api.js';
import { Bucket } from './bucket.js';
import { corruptError } from './errors.js';
import { IndexLoader } from './index/index-loader.js';
import type { Key, LeaseId } from './model.js';
import { keyOf, stateBucket, stateKey } from './store-core.js';
import type { StoreCore } from './store-core.js';
import { Digest, StoreState } from './store-state.js';

const headsPerScan = 2000;
const bytesPerScan = 1024 * 1024;
const scansPerTurn = 8;
const rowsPerScan = 1000;

/** Fills the core's state and index. Returns the lease of every live key that has one. */
export async function recover(core: StoreCore): Promise<Map<Key, LeaseId>> {
  const stored = core.backend.readRow(stateBucket, stateKey);
  if (stored === undefined) {
    if (core.backend.scanHeads(0, 1, 1).length > 0) {
      throw corruptError(core.backend.name, 'there are records but no state row');
    }
    core.transact(() => undefined);
    core.commitGroup();
    return new Map();
  }
  core.state = StoreState.decode(stored, core.backend.name);
  verifyRows(core);
  return restoreIndex(core);
}

function verifyRows(core: StoreCore): void {
  const found = new Digest();
  for (const name of core.backend.bucketNames()) {
    if (name === stateBucket) continue;
    // A name that this version does not know is verified like any other.
    const bucket = new Bucket(core, name as BucketName);
    let after: Uint8Array | undefined;
    for (;;) {
      const rows = core.backend.scanRows(name, after, rowsPerScan);
      for (const row of rows) {
        found.add(bucket.verifiedChecksum(row.key, row.value));
        after = row.key;
      }
      if (rows.length < rowsPerScan) break;
    }
  }
  if (!found.equals(core.state.rows)) {
    throw corruptError(
      core.backend.name,
      `the buckets hold ${found.count} rows where ${core.state.rows.count} were written, or other ones`,
    );
  }
}

async function restoreIndex(core: StoreCore): Promise<Map<Key, LeaseId>> {
  const leases = new Map<Key, LeaseId>();
  const found = new Digest();
  const loader = new IndexLoader();
  const position = { after: 0, main: 0 };
  for (let scans = 0; ; scans++) {
    const bytes = core.backend.scanHeads(position.after + 1, headsPerScan, bytesPerScan);
    if (bytes.length === 0) break;
    restoreRun(core, bytes, position, { found, leases, loader });
    if (scans % scansPerTurn === scansPerTurn - 1) await nextTurn();
  }
  const { state } = core;
  if (!found.equals(state.records) || position.after >= state.nextSeq) {
    throw corruptError(
      core.backend.name,
      `it holds ${found.count} records up to number ${position.after} where ${state.records.count} below ` +
        `${state.nextSeq} were written, or other ones`,
    );
  }
  const misplaced = await inTurns(loader.load(core.index));
  if (misplaced !== undefined) {
    throw core.corruptRecord(misplaced, 'a tombstone follows a tombstone of its key');
  }
  return leases;
}

/** Runs a task with a turn of the event loop between its steps: a store that comes from elsewhere is opened beside others' work. */
async function inTurns<T>(steps: Generator<undefined, T>): Promise<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    await nextTurn();
  }
}

/** What one pass over the heads gathers. */
interface Gathered {
  readonly found: Digest;
  readonly leases: Map<Key, LeaseId>;
  readonly loader: IndexLoader;
}

function restoreRun(
  core: StoreCore,
  bytes: Uint8Array,
  position: { after: number; main: number },
  { found, leases, loader }: Gathered,
): void {
  const run = core.heads(bytes, position.after);
  const { head } = run;
  while (run.next()) {
    found.add(head.checksum);
    const key = keyOf(head, bytes);
    if (head.main < position.main || head.main > core.state.revision) {
      throw core.corruptRecord(run.seq, `revision ${head.main} cannot follow what precedes it`);
    }
    const signedSeq = head.isTombstone ? -run.seq : run.seq;
    loader.add(key, head.main, signedSeq, head.created, head.version);
    if (head.lease !== 0n && !head.isTombstone) leases.set(key, head.lease);
    else if (leases.size > 0) leases.delete(key);
    position.main = head.main;
    position.after = run.seq;
  }
}
