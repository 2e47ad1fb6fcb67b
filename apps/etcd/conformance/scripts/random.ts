/** Long random histories from a seed: what nobody thought of. Few keys, so that operations meet each other. */
import { services } from '@kv/proto';
import type { RequestOp } from '@kv/proto';
import { bytes } from '../script.js';
import type { Script, Session } from '../script.js';
import { compare, opDelete, opPut, opRange, opTxn } from './operations.js';

/** A linear congruential generator: the same numbers on every machine. */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  below(bound: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * bound);
  }

  pick<T>(items: readonly [T, ...T[]]): T {
    return items[this.below(items.length)] ?? items[0];
  }
}

const keyOf = (random: Random): string => random.pick(['a', 'b', 'c', 'd', 'e', 'a/1', 'a/2', 'f']);
const endOf = (random: Random): Uint8Array =>
  bytes(random.pick(['', '', '', '\0', 'c', 'a0', 'g']));

function operation(random: Random, depth: number): RequestOp {
  switch (random.below(depth > 0 ? 7 : 6)) {
    case 0:
    case 1:
      return opPut(keyOf(random), String(random.below(9)), { prevKv: random.below(2) === 0 });
    case 2:
      return opDelete(keyOf(random), { rangeEnd: endOf(random), prevKv: true });
    case 6:
      return opTxn(transaction(random, depth - 1));
    default:
      return opRange(keyOf(random), {
        rangeEnd: endOf(random),
        revision: random.below(4) === 0 ? BigInt(random.below(60)) : 0n,
        limit: BigInt(random.below(4)),
      });
  }
}

function transaction(
  random: Random,
  depth: number,
): { compare: ReturnType<typeof compare>[]; success: RequestOp[]; failure: RequestOp[] } {
  const operations = (): RequestOp[] =>
    Array.from({ length: random.below(4) }, () => operation(random, depth));
  const guards = Array.from({ length: random.below(3) }, () =>
    random.below(2) === 0
      ? compare(keyOf(random), 0, random.below(4), {
          $case: 'version',
          value: BigInt(random.below(4)),
        })
      : compare(keyOf(random), 3, random.below(4), {
          $case: 'value',
          value: bytes(String(random.below(9))),
        }),
  );
  return { compare: guards, success: operations(), failure: operations() };
}

async function step(s: Session, random: Random): Promise<void> {
  const key = bytes(keyOf(random));
  switch (random.below(14)) {
    case 0:
    case 1:
    case 2:
      await s.put({ key, value: bytes(String(random.below(9))), prevKv: random.below(2) === 0 });
      return;
    case 3:
      await s.put({ key, ignoreValue: true, lease: random.below(3) === 0 ? 1n : 0n });
      return;
    case 4:
      await s.put({ key, value: bytes('l'), lease: BigInt(1 + random.below(3)) });
      return;
    case 5:
      await s.deleteRange({ key, rangeEnd: endOf(random), prevKv: true });
      return;
    case 6:
    case 7:
    case 8:
      await s.txn(transaction(random, 2));
      return;
    case 9:
      await s.compact({ revision: BigInt(random.below(50)), physical: true });
      return;
    case 10:
      await s.call('hashKv', services.maintenance.hashKV, { revision: BigInt(random.below(80)) });
      return;
    case 11:
      await s.call('grant', services.lease.leaseGrant, {
        ID: BigInt(1 + random.below(3)),
        TTL: 900n,
      });
      return;
    case 12:
      await s.call('revoke', services.lease.leaseRevoke, { ID: BigInt(1 + random.below(3)) });
      return;
    default:
      await s.range({
        key,
        rangeEnd: endOf(random),
        revision: random.below(2) === 0 ? BigInt(random.below(80)) : 0n,
        limit: BigInt(random.below(4)),
        sortOrder: random.below(3),
        sortTarget: random.below(5),
        keysOnly: random.below(4) === 0,
        maxModRevision: random.below(4) === 0 ? BigInt(random.below(50)) : 0n,
      });
  }
}

/** One history of `steps` calls. */
export function randomScript(seed: number, steps: number): Script {
  return {
    name: `random history, seed ${String(seed)}`,
    async run(s) {
      const random = new Random(seed);
      for (let n = 0; n < steps; n += 1) await step(s, random);
      await s.range({ key: bytes('\0'), rangeEnd: bytes('\0') });
      await s.call('hashKv', services.maintenance.hashKV, {});
    },
  };
}
