/**
 * Members that come back by a snapshot of the leader's. Goal: whoever lacks what the log no longer holds is rebuilt while others
 * write, holds the same as they do, and leaves nothing half done whenever power fails. Method: a cluster in memory with a short log.
 */
import {
  HashKVRequest,
  kvService,
  LeaseGrantRequest,
  leaseService,
  LeaseLeasesRequest,
  LeaseRevokeRequest,
  maintenanceService,
  watchService,
  WatchRequest,
} from '@kv/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryCluster, type MemoryMember } from './testing/index.js';
import { pairs, put, range } from './testing/requests.js';

const SHORT_LOG = { snapshotCatchupEntries: 20, snapshotCount: 50 };
/** After a snapshot the log is kept for so long. */
const HELD_AFTER_MS = 30_000;
const SNAP_DIR = '/data/member/snap';

let cluster: MemoryCluster;
let leader: MemoryMember;
let away: MemoryMember;
beforeEach(async () => {
  cluster = await MemoryCluster.open(3, SHORT_LOG);
  leader = await cluster.leader();
  const [other] = cluster.others(leader);
  if (other === undefined) throw new Error('there are three');
  away = other;
});
afterEach(async () => {
  await cluster.stop();
});

const write = (m: MemoryMember, key: string, value: string) =>
  m.call(kvService.put, put(key, value));
const read = async (m: MemoryMember) =>
  pairs((await m.call(kvService.range, range('\0', '\0', { serializable: true }))).kvs);
const hash = async (m: MemoryMember) =>
  (await m.call(maintenanceService.hashKV, HashKVRequest.create())).hash;
const revision = async (m: MemoryMember) =>
  (await m.call(kvService.range, { ...range('none'), serializable: true })).header?.revision;

async function writeMany(count: number, prefix = 'k'): Promise<void> {
  for (let n = 0; n < count; n++) await write(leader, `${prefix}${n % 50}`, String(n));
}

/** The member that was away holds what the leader holds. */
async function expectCaughtUp(): Promise<void> {
  const target = await revision(leader);
  for (let n = 0; n < 100 && (await revision(away)) !== target; n++)
    await cluster.clock.advance(100);
  expect(await revision(away)).toBe(target);
  expect(await hash(away)).toBe(await hash(leader));
  expect(await read(away)).toEqual(await read(leader));
}

describe('a member that was away for longer than the log is kept', () => {
  it('F-3 is rebuilt by a snapshot, and goes on from there', async () => {
    await away.powerOff();
    await writeMany(300);
    await away.start();
    await expectCaughtUp();
    await writeMany(100, 'later');
    await expectCaughtUp();
    // What it was sent is gone, and what it has survives.
    expect(away.disk.list(SNAP_DIR).filter((name) => name.includes('db'))).toEqual([]);
    await away.crash();
    await expectCaughtUp();
  });

  it('F-25 also when it had fallen behind twice, and while others write', async () => {
    for (let round = 0; round < 3; round++) {
      cluster.network.isolate(MemoryCluster.idOf(away));
      await writeMany(200, `r${round}-`);
      cluster.network.heal();
      // The snapshot travels while these are written.
      await writeMany(60, `w${round}-`);
      await expectCaughtUp();
    }
  });

  it('serves its clients: leases and reads are those of the new state', async () => {
    await away.powerOff();
    const { ID } = await leader.call(
      leaseService.leaseGrant,
      LeaseGrantRequest.fromPartial({ TTL: 600n }),
    );
    await leader.call(kvService.put, put('leased', 'v', { lease: ID }));
    await writeMany(200);
    await away.start();
    await expectCaughtUp();
    const { leases } = await away.call(leaseService.leaseLeases, LeaseLeasesRequest.create());
    expect(leases).toEqual([{ ID }]);
    // It knows which keys are the lease's.
    await away.call(leaseService.leaseRevoke, LeaseRevokeRequest.fromPartial({ ID }));
    expect((await away.call(kvService.range, range('leased'))).kvs).toEqual([]);
    expect(away.member.view().clusterVersion).toBe('3.7.0');
    expect(away.member.peerApi.members()).toHaveLength(3);
  });

  it('H-W1 F-3 a watch on it misses nothing, repeats nothing and never goes back', async () => {
    const stream = away.stream(watchService.watch);
    await stream.send(
      WatchRequest.fromPartial({
        requestUnion: {
          $case: 'createRequest',
          value: { key: Buffer.from('k'), rangeEnd: Buffer.from('l') },
        },
      }),
    );
    await stream.send(
      WatchRequest.fromPartial({
        requestUnion: {
          $case: 'createRequest',
          value: { key: Buffer.from('k'), rangeEnd: Buffer.from('l'), startRevision: 250n },
        },
      }),
    );
    await writeMany(10);
    cluster.network.isolate(MemoryCluster.idOf(away));
    await writeMany(300);
    cluster.network.heal();
    await expectCaughtUp();
    await writeMany(5);
    await expectCaughtUp();
    const seen = new Map<bigint, bigint[]>();
    for (const { watchId, events, canceled } of await stream.received()) {
      expect(canceled).toBe(false);
      const revisions = seen.get(watchId) ?? [];
      revisions.push(...events.map(({ kv }) => kv?.modRevision ?? 0n));
      seen.set(watchId, revisions);
    }
    const last = (await revision(leader)) ?? 0n;
    const all = (from: bigint) =>
      Array.from({ length: Number(last - from) + 1 }, (_, n) => from + BigInt(n));
    expect(seen.get(0n)).toEqual(all(2n));
    expect(seen.get(1n)).toEqual(all(250n));
  });
});

describe('power that fails on the way', () => {
  it('F-25 of the leader while it sends: another one sends its own', async () => {
    await away.powerOff();
    await writeMany(200);
    await away.start();
    await cluster.clock.advance(100);
    const old = leader;
    await old.powerOff();
    leader = await cluster.leader(cluster.others(leader));
    await writeMany(5);
    await expectCaughtUp();
    await old.start();
    await expectCaughtUp();
  });

  it('CP-7 F-1 of the one that receives, at every operation of its disk: the old state or the new one', async () => {
    let points = 0;
    for (let operation = 1; operation < 100; operation++) {
      await away.powerOff();
      await cluster.clock.advance(HELD_AFTER_MS);
      await writeMany(80);
      await away.start();
      const crashAt = away.disk.operations + operation;
      away.disk.crashAt(crashAt);
      const target = await revision(leader);
      for (let n = 0; n < 100 && away.disk.operations < crashAt; n++) {
        await cluster.clock.advance(100);
        // It may be dying of the disk.
        if ((await revision(away).catch(() => undefined)) === target) break;
      }
      if (away.disk.operations < crashAt) {
        away.disk.crashAt(Infinity);
        break;
      }
      points += 1;
      away.cutPower({ disk: operation % 2 === 0 ? 'sectors' : 'none' });
      await cluster.clock.settle();
      await away.start();
      await expectCaughtUp();
    }
    expect(points).toBeGreaterThan(10);
    await expectCaughtUp();
  });
});
