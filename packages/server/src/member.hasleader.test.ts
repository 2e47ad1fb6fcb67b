/**
 * A member that loses its leader. Goal: whoever asked for a leader (metadata `hasleader`) hears of it, at once in a new call and after
 * three election timeouts in a stream that runs; nobody else notices. Method: three members, of which two lose power.
 */
import {
  HashKVRequest,
  kvService,
  LeaseGrantRequest,
  LeaseKeepAliveRequest,
  leaseService,
  maintenanceService,
  WatchCreateRequest,
  watchService,
  type WatchRequest,
  type WatchResponse,
} from '@kv/proto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MemoryCluster, type MemoryMember } from './testing/index.js';
import type { TestStream } from './testing/memory-member.js';
import { bytes, put, range } from './testing/requests.js';

const HAS_LEADER = { hasleader: 'true' };
const NO_LEADER = { code: 14, message: 'etcdserver: no leader' };
const STEP_MS = 50;

let cluster: MemoryCluster;
let leader: MemoryMember;
let follower: MemoryMember;
beforeEach(async () => {
  cluster = await MemoryCluster.open(3);
  leader = await cluster.leader();
  const [other] = cluster.others(leader);
  if (other === undefined) throw new Error('there are three');
  follower = other;
});
afterEach(async () => {
  await cluster.stop();
});

async function watch(
  m: MemoryMember,
  metadata: Readonly<Record<string, string>>,
): Promise<TestStream<WatchRequest, WatchResponse>> {
  const stream = m.stream(watchService.watch, metadata);
  const value = WatchCreateRequest.create({ key: bytes('a') });
  await stream.send({ requestUnion: { $case: 'createRequest', value } });
  expect(await stream.received()).toMatchObject([{ created: true }]);
  return stream;
}

/** The others lose power; resolves when this member knows that it has no leader. */
async function lose(m: MemoryMember): Promise<void> {
  for (const other of cluster.others(m)) await other.powerOff();
  await cluster.until(() => m.member.view().leaderId === 0n, 'a member without a leader');
}

/** How long the stream goes on from now. */
async function endMs({ call }: TestStream<unknown, unknown>): Promise<number> {
  const fromMs = cluster.clock.monotonicMs();
  await cluster.until(() => call.finished !== undefined, 'the end of the stream');
  return cluster.clock.monotonicMs() - fromMs;
}

it.each(['leader', 'follower'] as const)(
  'G-16 a stream that asks for a leader ends on a former %s after three election timeouts without one',
  async (role) => {
    const m = role === 'leader' ? leader : follower;
    const asking = await watch(m, HAS_LEADER);
    const patient = await watch(m, {});
    await lose(m);
    const ms = await endMs(asking);
    expect(asking.call.finished).toMatchObject({ error: NO_LEADER });
    // The first of the three looks comes within a timeout of the loss.
    const timeoutMs = m.config.electionTimeoutMs;
    expect(ms).toBeGreaterThan(2 * timeoutMs - STEP_MS);
    expect(ms).toBeLessThanOrEqual(3 * timeoutMs + STEP_MS);
    await cluster.clock.advance(10 * timeoutMs);
    expect(patient.call.finished).toBeUndefined();
  },
);

it('G-16 renewals of leases that ask for a leader end with it too', async () => {
  await leader.call(leaseService.leaseGrant, LeaseGrantRequest.create({ TTL: 600n, ID: 7n }));
  const renewals = leader.stream(leaseService.leaseKeepAlive, HAS_LEADER);
  await renewals.send(LeaseKeepAliveRequest.create({ ID: 7n }));
  expect(await renewals.received()).toMatchObject([{ ID: 7n, TTL: 600n }]);
  await lose(leader);
  await endMs(renewals);
  expect(renewals.call.finished).toMatchObject({ error: NO_LEADER });
});

it('a backup that was begun goes on without a leader; none begins', async () => {
  const running = follower.stream(maintenanceService.snapshot, HAS_LEADER);
  await lose(follower);
  await cluster.clock.advance(10 * follower.config.electionTimeoutMs);
  expect(running.call.finished).toBeUndefined();
  const refused = follower.stream(maintenanceService.snapshot, HAS_LEADER);
  expect(refused.call.finished).toMatchObject({ error: NO_LEADER });
});

it('a leader that is lost for less than three looks ends no stream', async () => {
  const asking = await watch(leader, HAS_LEADER);
  const timeoutMs = leader.config.electionTimeoutMs;
  for (let n = 0; n < 4; n++) {
    cluster.network.isolate(MemoryCluster.idOf(leader));
    await cluster.until(() => leader.member.view().leaderId === 0n, 'a member without a leader');
    await cluster.clock.advance(1.5 * timeoutMs);
    cluster.network.heal();
    leader = await cluster.leader();
    await cluster.clock.advance(2 * timeoutMs);
  }
  expect(asking.call.finished).toBeUndefined();
});

it('G-16 calls that ask for a leader fail at once, others as without the wish; with a leader both work again', async () => {
  await lose(follower);
  const refused = follower.begin(
    kvService.range,
    kvService.range.request.encode(range('a', '', { serializable: true })),
    HAS_LEADER,
  );
  expect(refused.end).toMatchObject({ error: NO_LEADER });
  await follower.call(maintenanceService.hashKV, HashKVRequest.create());
  for (const other of cluster.others(follower)) await other.start();
  await cluster.leader();
  await follower.call(kvService.put, put('a', '1'), HAS_LEADER);
  await watch(follower, HAS_LEADER);
});
