/**
 * Power fails at every point at which the disk changes (reliability.md §2.3), and the member comes back: with every change
 * that was acknowledged, at its revision, and with nothing that nobody asked for.
 */
import { CompactionRequest, HashKVRequest, kvService, maintenanceService } from '@kv/proto';
import type { CrashPolicy } from '@kv/wal/testing';
import { describe, expect, it } from 'vitest';
import type { MemberConfig } from './member-config.js';
import { MemoryMember, seededRandom } from './testing/index.js';
import { put, range, text } from './testing/requests.js';

/** What clients know: which put was acknowledged, at which revision. */
interface Ledger {
  readonly acked: Map<number, bigint>;
  asked: number;
}

/** Puts in small batches, each of a key of its own; between them time passes, so that snapshots fall due. */
async function work(m: MemoryMember, ledger: Ledger, batches: number): Promise<void> {
  for (let batch = 0; batch < batches; batch++) {
    for (let n = 0; n < 4; n++) {
      const number = ledger.asked++;
      const call = m.begin(
        kvService.put,
        kvService.put.request.encode(put(`k${number}`, 'v'.repeat(50))),
      );
      void call.done().then(() => {
        if (call.response === undefined) return;
        const { header } = kvService.put.response.decode(call.response);
        ledger.acked.set(number, header?.revision ?? 0n);
      });
    }
    await m.clock.advance(700);
  }
}

async function checkPromises(m: MemoryMember, ledger: Ledger): Promise<void> {
  const { kvs, header } = await m.call(kvService.range, range('\0', '\0'));
  const revisions = new Map(kvs.map((kv) => [Number(text(kv.key).slice(1)), kv.modRevision]));
  for (const [number, revision] of ledger.acked) {
    expect(revisions.get(number), `put ${number} was acknowledged`).toBe(revision);
  }
  // One revision per put, none skipped, none used twice (G-4).
  expect([...revisions.values()].sort((a, b) => Number(a - b))).toEqual(
    [...revisions.values()].map((_, n) => BigInt(n + 2)),
  );
  expect(header?.revision).toBe(BigInt(kvs.length + 1));
  for (const number of revisions.keys()) expect(number).toBeLessThan(ledger.asked);
}

const policies: readonly CrashPolicy[] = ['none', 'all', 'sectors', 'prefix'];

/** Runs until power fails at the given change of the disk, comes back, checks, goes on, checks. False: it ran to the end. */
async function crashOnce(
  at: number,
  policy: CrashPolicy,
  seed: number,
  config: Partial<MemberConfig>,
): Promise<boolean> {
  const m = MemoryMember.unopened({ seed, config });
  const ledger: Ledger = { acked: new Map(), asked: 0 };
  m.disk.crashAt(at);
  const started = await m.start().then(
    () => true,
    () => false,
  );
  if (started) await work(m, ledger, 6);
  const crashed = m.disk.operations >= at;
  const random = seededRandom(seed + at);
  await m.crash({ disk: policy, commitsKept: random(m.backend.unsyncedCommits + 1) });
  await checkPromises(m, ledger);
  await work(m, ledger, 2);
  await checkPromises(m, ledger);
  await m.stop();
  return crashed;
}

describe.each(policies)(
  'power fails at every change of the disk, keeping %s of what was not synced',
  (policy) => {
    it('CP-1 CP-2 CP-3 CP-15 G-2 with a log that is only written', async () => {
      let at = 0;
      while (await crashOnce(at, policy, 11, {})) at += 1;
      expect(at).toBeGreaterThan(20);
    });

    it('CP-6 I5 with snapshots, and segments that are let go', async () => {
      let at = 0;
      const config = { snapshotCount: 5, snapshotCatchupEntries: 3, maxWals: 1, maxSnapshots: 1 };
      while (await crashOnce(at, policy, 12, config)) at += 2;
      expect(at).toBeGreaterThan(30);
    });
  },
);

it('CP-8 a compaction goes on where it was after a restart, and hashes the same', async () => {
  for (let kept = 0; kept < 8; kept += 2) {
    const m = await MemoryMember.open({ config: { compactionBatchLimit: 5 } });
    for (let n = 0; n < 40; n++) await m.call(kvService.put, put(`k${n % 3}`, String(n)));
    await m.call(kvService.compact, CompactionRequest.create({ revision: 30n }));
    await m.clock.advance(15);
    await m.crash({ commitsKept: Math.max(0, m.backend.unsyncedCommits - kept) });
    await m.clock.advance(1000);
    const other = await MemoryMember.open();
    for (let n = 0; n < 40; n++) await other.call(kvService.put, put(`k${n % 3}`, String(n)));
    await other.call(kvService.compact, CompactionRequest.create({ revision: 30n }));
    await other.clock.advance(1000);
    const hash = async (member: MemoryMember) =>
      (await member.call(maintenanceService.hashKV, HashKVRequest.create())).hash;
    expect(await hash(m)).toBe(await hash(other));
    const { kvs } = await m.call(kvService.range, range('k', 'l', { revision: 30n }));
    expect(kvs).toHaveLength(3);
    await m.stop();
    await other.stop();
  }
});

it('CP-6 after snapshots a restart reads only what follows them, and old segments are gone', async () => {
  const config = { snapshotCount: 10, snapshotCatchupEntries: 5, maxWals: 2, maxSnapshots: 1 };
  const m = await MemoryMember.open({ config });
  for (let n = 0; n < 60; n++) {
    await m.call(kvService.put, put(`k${n}`, 'v'.repeat(8000)));
    await m.clock.advance(300);
  }
  await m.clock.settle();
  const snapshots = m.disk.list('/data/member/snap').filter((name) => name.endsWith('.snap'));
  const segments = m.disk.list('/data/member/wal').filter((name) => name.endsWith('.wal'));
  expect(snapshots).toHaveLength(1);
  expect(segments.length).toBeLessThanOrEqual(4);
  expect(segments).not.toContain('0000000000000000-0000000000000000.wal');
  await m.crash({ commitsKept: 0 });
  expect((await m.call(kvService.range, range('\0', '\0'))).count).toBe(60n);
  await m.stop();
});
