/** The rows of reliability.md §5.3 through the services of a whole member, and leases that run out on a clock of the test's. */
import {
  kvService,
  LeaseGrantRequest,
  LeaseKeepAliveRequest,
  LeaseLeasesRequest,
  LeaseRevokeRequest,
  leaseService,
  LeaseTimeToLiveRequest,
} from '@kv/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryMember } from '../testing/index.js';
import { pairs, put, range, text } from '../testing/requests.js';

let m: MemoryMember;
beforeEach(async () => {
  m = await MemoryMember.open();
});
afterEach(async () => {
  await m.stop();
});

const grant = (TTL: bigint, ID = 0n) =>
  m.call(leaseService.leaseGrant, LeaseGrantRequest.create({ TTL, ID }));
const revoke = (ID: bigint) => m.call(leaseService.leaseRevoke, LeaseRevokeRequest.create({ ID }));
const timeToLive = (ID: bigint, keys = false) =>
  m.call(leaseService.leaseTimeToLive, LeaseTimeToLiveRequest.create({ ID, keys }));
const leases = async (): Promise<readonly bigint[]> =>
  (await m.call(leaseService.leaseLeases, LeaseLeasesRequest.create())).leases.map(({ ID }) => ID);
const keysNow = async () => pairs((await m.call(kvService.range, range('\0', '\0'))).kvs);

const error = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'answered',
    (thrown: unknown) => thrown,
  );

describe('grant', () => {
  it('B-60 raises a short, zero or negative time to the minimum, and says so', async () => {
    for (const ttl of [0n, 1n, -5n, -(2n ** 63n)]) expect((await grant(ttl)).TTL).toBe(2n);
    expect((await grant(60n)).TTL).toBe(60n);
  });

  it('B-61 refuses what is longer than 9,000,000,000 s', async () => {
    await grant(9_000_000_000n);
    for (const ttl of [9_000_000_001n, 2n ** 63n - 1n]) {
      expect(await error(grant(ttl))).toMatchObject({
        code: 11,
        message: 'etcdserver: too large lease TTL',
      });
    }
  });

  it('B-62 J-3 one of 25 days lives that long, and no longer', async () => {
    const days = 25n * 86_400n;
    const { ID } = await grant(days);
    await m.call(kvService.put, put('a', '1', { lease: ID }));
    // Time is turned on in large steps: only the last ones matter.
    await m.clock.pause(Number(days) * 1000 - 2000);
    expect(await keysNow()).toEqual(['a=1']);
    await m.clock.advance(4000);
    expect(await keysNow()).toEqual([]);
  });

  it('B-63 refuses an id in use', async () => {
    await grant(10n, 7n);
    expect(await error(grant(10n, 7n))).toMatchObject({
      code: 9,
      message: 'etcdserver: lease already exists',
    });
  });

  it('B-64 chooses a positive id for 0, and takes a negative one as it is', async () => {
    const { ID } = await grant(10n);
    expect(ID).toBeGreaterThan(0n);
    expect((await grant(10n, -7n)).ID).toBe(-7n);
    expect([...(await leases())].sort()).toEqual([-7n, ID].sort());
  });
});

describe('revoke', () => {
  it('B-65 refuses what is unknown, 0, or gone', async () => {
    await grant(10n, 7n);
    await revoke(7n);
    for (const id of [7n, 0n, 99n]) {
      expect(await error(revoke(id))).toMatchObject({
        code: 5,
        message: 'etcdserver: requested lease not found',
      });
    }
  });

  it('G-9 (d) deletes all attached keys in one revision, in key order', async () => {
    await grant(10n, 7n);
    for (const key of ['c', 'a', 'b']) await m.call(kvService.put, put(key, '1', { lease: 7n }));
    await m.call(kvService.put, put('a', 'freed'));
    const answer = await revoke(7n);
    expect(answer.header?.revision).toBe(6n);
    expect(await keysNow()).toEqual(['a=freed']);
  });
});

describe('expiry', () => {
  it('G-9 (a) (c) comes after the time to live, and soon', async () => {
    await grant(5n, 7n);
    await m.call(kvService.put, put('a', '1', { lease: 7n }));
    await m.clock.advance(4900);
    expect(await keysNow()).toEqual(['a=1']);
    await m.clock.advance(1200);
    expect(await keysNow()).toEqual([]);
    expect(await leases()).toEqual([]);
  });

  it('G-9 (b) a renewal starts it anew', async () => {
    await grant(5n, 7n);
    const stream = m.stream(leaseService.leaseKeepAlive);
    for (let n = 0; n < 4; n++) {
      await m.clock.advance(4000);
      await stream.send(LeaseKeepAliveRequest.create({ ID: 7n }));
      expect(await stream.received()).toMatchObject([{ ID: 7n, TTL: 5n }]);
    }
    expect(await leases()).toEqual([7n]);
    await m.clock.advance(6000);
    expect(await leases()).toEqual([]);
  });

  it('G-9 (e) a restart never shortens it', async () => {
    await grant(5n, 7n);
    await m.call(kvService.put, put('a', '1', { lease: 7n }));
    await m.clock.advance(4000);
    await m.restart();
    await m.clock.advance(5000);
    expect(await keysNow()).toEqual(['a=1']);
    await m.clock.advance(3000);
    expect(await keysNow()).toEqual([]);
  });
});

describe('keep alive', () => {
  it('B-66 of an unknown lease answers with a time of 0', async () => {
    const stream = m.stream(leaseService.leaseKeepAlive);
    await stream.send(LeaseKeepAliveRequest.create({ ID: 99n }));
    expect(await stream.received()).toMatchObject([{ ID: 99n, TTL: 0n }]);
  });

  it('B-67 answers each request once and in order, ends after a half-close, and with INTERNAL on garbage', async () => {
    await grant(10n, 7n);
    await grant(20n, 8n);
    const stream = m.stream(leaseService.leaseKeepAlive);
    for (const ID of [7n, 99n, 8n, 7n]) {
      stream.call.send(leaseService.leaseKeepAlive.request.encode({ ID }));
    }
    stream.call.halfClose();
    const answers = await stream.received();
    expect(answers.map(({ ID, TTL }) => [ID, TTL])).toEqual([
      [7n, 10n],
      [99n, 0n],
      [8n, 20n],
      [7n, 10n],
    ]);
    expect(stream.call.finished).toEqual({ type: 'ok' });
    const other = m.stream(leaseService.leaseKeepAlive);
    other.call.send(Uint8Array.of(0x0a, 0x7f));
    expect(other.call.finished).toMatchObject({ error: { code: 13 } });
  });
});

describe('time to live', () => {
  it('B-68 of an unknown lease is -1', async () => {
    expect(await timeToLive(99n)).toMatchObject({ ID: 99n, TTL: -1n, grantedTTL: 0n, keys: [] });
  });

  it('tells what is left, and the keys if asked', async () => {
    await grant(10n, 7n);
    await m.call(kvService.put, put('a', '1', { lease: 7n }));
    await m.clock.advance(3500);
    const answer = await timeToLive(7n, true);
    expect([answer.TTL, answer.grantedTTL, answer.keys.map(text)]).toEqual([6n, 10n, ['a']]);
    expect((await timeToLive(7n)).keys).toEqual([]);
  });
});

it('B-71 a grant is refused when the store is full', async () => {
  const small = await MemoryMember.open({ config: { quotaBackendBytes: 1 } });
  const call = small.call(leaseService.leaseGrant, LeaseGrantRequest.create({ TTL: 10n }));
  expect(await error(call)).toMatchObject({
    code: 8,
    message: 'etcdserver: mvcc: database space exceeded',
  });
  await small.stop();
});

it('leases and what is attached to them survive a restart', async () => {
  await grant(100n, 7n);
  await m.call(kvService.put, put('a', '1', { lease: 7n }));
  await m.restart();
  expect(await leases()).toEqual([7n]);
  await revoke(7n);
  expect(await keysNow()).toEqual([]);
});
