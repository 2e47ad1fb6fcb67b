// Goal: etcd's log opens here, and ours opens there. Method: the real etcd 3.7.1 writes over several segments and
// snapshots and is killed; we read its files, write the same history as files of ours, and start etcd on those alone.
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Entry } from '@kv/raft';
import { encodeEntry } from '@kv/raft/codec';
import { loadSnapshots, readLog, readSnapshotFile, Wal } from '../src/index.js';
import { segmentsOf } from '../src/segment-name.js';
import { reference, ReferenceEtcd } from './reference.js';

const PORT = 21010;
const SKIPPED = reference === undefined;
if (SKIPPED) console.log('skipped: no real etcd 3.7.1 in $REF or ~/ref');

describe.skipIf(SKIPPED)('beside etcd 3.7.1', { timeout: 120_000 }, () => {
  const root = mkdtempSync(join(tmpdir(), 'kv-wal-'));
  const theirs = join(root, 'theirs');
  const theirWal = join(theirs, 'member/wal');
  const theirSnap = join(theirs, 'member/snap');
  let all = '';

  beforeAll(async () => {
    const etcd = await ReferenceEtcd.start(theirs, PORT, [
      '--snapshot-count',
      '100',
      '--max-wals',
      '0',
      '--max-snapshots',
      '0',
    ]);
    try {
      await etcd.benchmark(
        'put',
        '--total=130',
        '--val-size=1000000',
        '--key-space-size=3',
        '--clients=4',
        '--conns=2',
      );
      await etcd.benchmark(
        'put',
        '--total=400',
        '--val-size=100',
        '--key-size=20',
        '--key-space-size=300',
        '--clients=20',
        '--conns=2',
      );
      await etcd.ctl('put', 'last', 'one');
      all = await etcd.ctl('get', '', '--prefix', '--write-out=json');
    } finally {
      await etcd.stop('SIGKILL');
    }
  }, 120_000);

  afterAll(() => {
    rmSync(root, { recursive: true, force: true });
  });

  it('its log opens here: from its newest snapshot, and from the beginning', async () => {
    const { snapshots, rejected } = await loadSnapshots(theirSnap);
    expect(rejected).toEqual([]);
    expect(snapshots.length).toBeGreaterThanOrEqual(3);
    expect(segmentsOf(readdirSync(theirWal)).length).toBeGreaterThanOrEqual(3);

    const whole = readLog(theirWal);
    expect(whole.repair).toBeUndefined();
    expect(whole.entries[0]?.index).toBe(1);
    expect(whole.entries.at(-1)?.index).toBe(whole.entries.length);
    expect(whole.entries.length).toBeGreaterThan(530);
    expect(Buffer.from(whole.entries.at(-1)?.data ?? []).includes('last')).toBe(true);

    const recent = readLog(theirWal, { snapshots });
    expect(recent.snapshot.index).toBe(snapshots[0]?.index);
    expect(recent.snapshot.confState.voters).toHaveLength(1);
    expect(recent.hardState).toEqual(whole.hardState);
    expect(digest(recent.entries)).toBe(digest(whole.entries.slice(recent.snapshot.index)));
    const name =
      readdirSync(theirSnap)
        .filter((file) => file.endsWith('.snap'))
        .sort()
        .at(-1) ?? '';
    expect(readSnapshotFile(join(theirSnap, name)).meta).toEqual(recent.snapshot);
  });

  it('goes on in our hands and then again in its own', async () => {
    const copy = join(root, 'shared');
    cpSync(theirs, copy, { recursive: true });
    const { snapshots } = await loadSnapshots(join(copy, 'member/snap'));
    const { wal, recovered } = await Wal.open(join(copy, 'member/wal'), { snapshots });
    const hardState = recovered.hardState;
    if (hardState === undefined) throw new Error('no hard state');
    wal.append({ entries: [], hardState });
    await wal.close();
    await expectServed(copy, PORT + 2);
    expect(readLog(join(copy, 'member/wal'), { snapshots }).entries.length).toBeGreaterThan(
      recovered.entries.length,
    );
  });

  it('starts on a log of ours alone, over several segments with sync marks, and serves the same data', async () => {
    const whole = readLog(theirWal);
    const ours = join(root, 'ours');
    mkdirSync(join(ours, 'member/snap'), { recursive: true, mode: 0o700 });
    const wal = await Wal.create(join(ours, 'member/wal'), whole.metadata, {
      segmentBytes: 20_000_000,
    });
    for (let at = 0; at < whole.entries.length; at += 7) {
      const entries = whole.entries.slice(at, at + 7);
      const last = entries.at(-1);
      const hardState = whole.hardState;
      if (last === undefined || hardState === undefined) throw new Error('nothing to write');
      wal.append({ entries, hardState: { ...hardState, term: last.term, commit: last.index } });
      await wal.sync();
    }
    expect(wal.segmentNames.length).toBeGreaterThan(5);
    await wal.close();
    await expectServed(ours, PORT + 4);
    const after = readLog(join(ours, 'member/wal'));
    expect(digest(after.entries.slice(0, whole.entries.length))).toBe(digest(whole.entries));
    expect(after.entries.length).toBeGreaterThan(whole.entries.length);
  });

  /** Starts etcd on `dataDirectory` and expects every key with its revisions, then writes one more. */
  async function expectServed(dataDirectory: string, port: number): Promise<void> {
    const etcd = await ReferenceEtcd.start(dataDirectory, port);
    try {
      const found: unknown = JSON.parse(await etcd.ctl('get', '', '--prefix', '--write-out=json'));
      const expected: unknown = JSON.parse(all);
      expect(withoutTerm(found)).toEqual(withoutTerm(expected));
      await etcd.ctl('put', 'one', 'more');
    } finally {
      await etcd.stop('SIGTERM');
    }
  }

  /** The response without the term, which a restart raises. */
  function withoutTerm(response: unknown): unknown {
    const text = JSON.stringify(response, (key, value: unknown) =>
      key === 'raft_term' ? undefined : value,
    );
    const parsed: unknown = JSON.parse(text);
    return parsed;
  }
});

/** Over all bytes of all entries: comparing megabytes element by element takes Vitest half a minute. */
function digest(entries: readonly Entry[]): string {
  const hash = createHash('sha256');
  for (const entry of entries) hash.update(encodeEntry(entry));
  return hash.digest('hex');
}
