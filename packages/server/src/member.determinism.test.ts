/**
 * I3, G-14: the same entries give the same state, whatever happened to the member in between. Method: two members get the
 * same random requests; one of them loses power now and then; at the end everything that is replicated is equal.
 */
import {
  AlarmRequest,
  CompactionRequest,
  HashKVRequest,
  kvService,
  LeaseGrantRequest,
  LeaseLeasesRequest,
  LeaseRevokeRequest,
  leaseService,
  maintenanceService,
  TxnRequest,
  type RequestOp,
} from '@kv/proto';
import { expect, it } from 'vitest';
import { MemoryMember, seededRandom } from './testing/index.js';
import {
  bytes,
  compare,
  deleteOp,
  deletion,
  put,
  putOp,
  range,
  rangeOp,
  txnOp,
} from './testing/requests.js';

type Random = (bound: number) => number;
type Request = (m: MemoryMember) => Promise<unknown>;

const key = (random: Random): string => `k${random(12)}`;
const lease = (random: Random): bigint => (random(3) === 0 ? BigInt(random(4)) : 0n);

function randomOp(random: Random, depth: number): RequestOp {
  switch (random(depth > 0 ? 4 : 3)) {
    case 0:
      return putOp(key(random), String(random(100)), { lease: lease(random) });
    case 1:
      return deleteOp(key(random), random(2) === 0 ? '' : key(random));
    case 2:
      return rangeOp(key(random), key(random));
    default:
      return txnOp(randomTxn(random, depth - 1));
  }
}

function randomTxn(random: Random, depth: number): TxnRequest {
  const ops = (): RequestOp[] => Array.from({ length: random(4) }, () => randomOp(random, depth));
  const guard = compare(key(random), {
    rangeEnd: bytes(random(3) === 0 ? key(random) : ''),
    target: random(5),
    result: random(4),
    targetUnion:
      random(2) === 0
        ? { $case: 'value', value: bytes(String(random(100))) }
        : { $case: 'modRevision', value: BigInt(random(60)) },
  });
  return TxnRequest.create({
    compare: random(4) === 0 ? [] : [guard],
    success: ops(),
    failure: ops(),
  });
}

/** Drawn once, sent to both members: what it is does not depend on what it finds. */
function randomRequest(random: Random, step: number): Request {
  switch (random(12)) {
    case 0:
    case 1: {
      const request = deletion(key(random), key(random), { prevKv: true });
      return (m) => m.call(kvService.deleteRange, request);
    }
    case 2:
    case 3:
    case 4: {
      const request = randomTxn(random, 2);
      return (m) => m.call(kvService.txn, request);
    }
    case 5: {
      const request = LeaseGrantRequest.create({ ID: BigInt(1 + random(3)), TTL: 1_000_000n });
      return (m) => m.call(leaseService.leaseGrant, request);
    }
    case 6: {
      const request = LeaseRevokeRequest.create({ ID: BigInt(1 + random(3)) });
      return (m) => m.call(leaseService.leaseRevoke, request);
    }
    case 7: {
      const request = CompactionRequest.create({ revision: BigInt(random(step + 2)) });
      return (m) => m.call(kvService.compact, request);
    }
    case 8: {
      const request = AlarmRequest.create({
        action: 1 + random(2),
        alarm: 1,
        memberID: BigInt(random(2)),
      });
      return (m) => m.call(maintenanceService.alarm, request);
    }
    default: {
      const request = put(key(random), String(random(1000)), { lease: lease(random) });
      return (m) => m.call(kvService.put, request);
    }
  }
}

/** An answer or the text of an error, without what tells members apart. */
async function resultOf(call: Promise<unknown>): Promise<unknown> {
  try {
    const answer = await call;
    return JSON.stringify(answer, (name, value: unknown) => {
      if (name === 'raftTerm') return undefined;
      return typeof value === 'bigint' ? String(value) : value;
    });
  } catch (error) {
    return (error as Error).message;
  }
}

async function replicated(m: MemoryMember): Promise<readonly unknown[]> {
  await m.clock.advance(2000);
  const leases = await m.call(leaseService.leaseLeases, LeaseLeasesRequest.create());
  return [
    (await m.call(kvService.range, range('\0', '\0'))).kvs,
    (await m.call(maintenanceService.hashKV, HashKVRequest.create())).hash,
    leases.leases.map(({ ID }) => ID).sort(),
    m.member.view().alarms,
  ];
}

it.each(Array.from({ length: 12 }, (_, n) => n + 1))('seed %i', async (seed) => {
  const random = seededRandom(seed);
  const steady = await MemoryMember.open({ seed });
  const troubled = await MemoryMember.open({ seed, config: { snapshotCount: 20 } });
  for (let step = 0; step < 120; step++) {
    const request = randomRequest(random, step);
    const [expected, actual] = [await resultOf(request(steady)), await resultOf(request(troubled))];
    expect(actual, `step ${step}`).toBe(expected);
    if (random(15) === 0) {
      await troubled.clock.advance(random(3000));
      await troubled.crash({
        disk: random(2) === 0 ? 'none' : 'all',
        commitsKept: random(troubled.backend.unsyncedCommits + 1),
      });
    }
  }
  expect(await replicated(troubled)).toEqual(await replicated(steady));
  await steady.stop();
  await troubled.stop();
});
