/** What clients ask: random requests on few keys, among them the keys and numbers that went wrong elsewhere (reliability.md §2.5). */
import {
  CompactionRequest,
  Compare,
  DeleteRangeRequest,
  LeaseGrantRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
  WatchCreateRequest,
} from '@kv/proto';
import type { Chance } from './chance.js';

/** Prefixes of one another, zero bytes, bytes that are no UTF-8, names that JavaScript gives a meaning. */
const KEYS: readonly string[] = ['a', 'a\0', 'ab', 'b', '\xff', '\xc3\x28', '__proto__', 'k/1'];
const RANGE_ENDS: readonly string[] = ['\0', 'b', 'c', '\xff', 'a\x01'];
const TTL_SECONDS: readonly bigint[] = [2n, 3n, 5n];
/** Leases that a client may still use. */
const LEASES_MAX = 6;
/** Times the golden ratio: leases get ids all over 64 bits, below zero too. */
const ID_STEP = 0x9e3779b97f4a7c15n;

function bytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

/** Of the puts that ask whether a member serves. */
export const PROBE_KEY: Uint8Array = bytes('probe');

export class Workload {
  readonly #chance: Chance;
  /** Granted, as far as anybody knows. Shared by all clients. */
  readonly #leases: bigint[] = [];
  #leaseCount = 0n;
  #values = 0;
  /** The highest revision that anybody has seen. */
  revision = 1;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** A put that nothing stands in the way of. */
  probe(): PutRequest {
    this.#values += 1;
    return PutRequest.create({ key: PROBE_KEY, value: bytes(`v${this.#values}`) });
  }

  put(): PutRequest {
    const chance = this.#chance;
    const keep = chance.below(30);
    if (keep === 0) return PutRequest.create({ key: this.#key(), ignoreValue: true });
    return PutRequest.create({
      ...this.#plainPut(),
      prevKv: chance.happens(0.3),
      ignoreLease: keep === 1,
      ...(keep === 1 ? { lease: 0n } : {}),
    });
  }

  range(): RangeRequest {
    const chance = this.#chance;
    const rangeEnd = chance.happens(0.6) ? bytes('') : bytes(chance.pick(RANGE_ENDS));
    const countOnly = chance.happens(0.1);
    return RangeRequest.create({
      key: chance.happens(0.3) ? bytes('\0') : this.#key(),
      rangeEnd,
      serializable: chance.happens(0.25),
      revision: chance.happens(0.2) ? BigInt(this.#oldRevision()) : 0n,
      limit: countOnly || chance.happens(0.7) ? 0n : BigInt(chance.between(1, 3)),
      keysOnly: chance.happens(0.1),
      countOnly,
      sortOrder: countOnly || chance.happens(0.8) ? 0 : chance.between(1, 2),
    });
  }

  deleteRange(): DeleteRangeRequest {
    const chance = this.#chance;
    return DeleteRangeRequest.create({
      key: this.#key(),
      rangeEnd: chance.happens(0.8) ? bytes('') : bytes(chance.pick(RANGE_ENDS)),
      prevKv: chance.happens(0.3),
    });
  }

  txn(depth = 1): TxnRequest {
    const chance = this.#chance;
    const ops = (): RequestOp[] => {
      // No key twice in one branch: that is refused.
      const keys = chance.shuffled(KEYS);
      return Array.from({ length: chance.below(4) }, () => this.#op(keys, depth));
    };
    return TxnRequest.create({
      compare: chance.happens(0.2) ? [] : [this.#compare()],
      success: ops(),
      failure: ops(),
    });
  }

  compaction(): CompactionRequest {
    return CompactionRequest.create({
      revision: BigInt(Math.max(1, this.#oldRevision())),
      physical: this.#chance.happens(0.2),
    });
  }

  leaseGrant(): LeaseGrantRequest {
    this.#leaseCount += 1n;
    const ID = BigInt.asIntN(64, this.#leaseCount * ID_STEP);
    return LeaseGrantRequest.create({ ID, TTL: this.#chance.pick(TTL_SECONDS) });
  }

  granted(id: bigint): void {
    if (this.#leases.length === LEASES_MAX) this.#leases.shift();
    this.#leases.push(id);
  }

  /** Undefined while there is none. */
  lease(): bigint | undefined {
    return this.#leases.length === 0 ? undefined : this.#chance.pick(this.#leases);
  }

  watch(): WatchCreateRequest {
    const chance = this.#chance;
    const all = chance.happens(0.5);
    return WatchCreateRequest.create({
      key: all ? bytes('\0') : this.#key(),
      rangeEnd: all
        ? bytes('\0')
        : chance.happens(0.5)
          ? bytes('')
          : bytes(chance.pick(RANGE_ENDS)),
      startRevision: this.#watchStart(),
      prevKv: chance.happens(0.4),
      progressNotify: chance.happens(0.5),
      fragment: chance.happens(0.3),
      filters: chance.happens(0.8) ? [] : [chance.below(2)],
    });
  }

  #watchStart(): bigint {
    const chance = this.#chance;
    if (chance.happens(0.5)) return 0n;
    return BigInt(chance.happens(0.3) ? this.revision + chance.below(5) : this.#oldRevision());
  }

  #key(): Uint8Array {
    return bytes(this.#chance.pick(KEYS));
  }

  /** Every value is written once: who finds it knows which put it was. */
  #plainPut(key: Uint8Array = this.#key()): Partial<PutRequest> {
    this.#values += 1;
    const lease = this.#chance.happens(0.3) ? this.lease() : undefined;
    return { key, value: bytes(`v${this.#values}`), lease: lease ?? 0n };
  }

  #oldRevision(): number {
    return Math.max(1, this.revision - this.#chance.below(20));
  }

  #op(keys: string[], depth: number): RequestOp {
    const chance = this.#chance;
    const key = bytes(keys.pop() ?? 'z');
    switch (chance.below(depth > 0 ? 6 : 5)) {
      case 0:
      case 1:
        return RequestOp.create({
          request: { $case: 'requestPut', value: PutRequest.create(this.#plainPut(key)) },
        });
      case 2:
        return RequestOp.create({
          request: { $case: 'requestDeleteRange', value: DeleteRangeRequest.create({ key }) },
        });
      case 5:
        return RequestOp.create({
          request: { $case: 'requestTxn', value: this.#readingTxn() },
        });
      default:
        return RequestOp.create({
          request: {
            $case: 'requestRange',
            value: RangeRequest.create({
              key: this.#key(),
              rangeEnd: bytes(chance.pick(['', '\0', 'c'])),
              revision: chance.happens(0.2) ? BigInt(this.#oldRevision()) : 0n,
            }),
          },
        });
    }
  }

  /** Nested, so without keys that the outer one may write. */
  #readingTxn(): TxnRequest {
    const value = RangeRequest.create({ key: bytes('\0'), rangeEnd: bytes('\0') });
    return TxnRequest.create({
      compare: [this.#compare()],
      success: [RequestOp.create({ request: { $case: 'requestRange', value } })],
    });
  }

  #compare(): Compare {
    const chance = this.#chance;
    const revision = BigInt(this.#oldRevision());
    const targetUnion = chance.pick<Compare['targetUnion']>([
      { $case: 'version', value: BigInt(chance.below(4)) },
      { $case: 'createRevision', value: chance.happens(0.5) ? 0n : revision },
      { $case: 'modRevision', value: chance.happens(0.3) ? 0n : revision },
      { $case: 'value', value: bytes(`v${Math.max(1, this.#values - chance.below(10))}`) },
      { $case: 'lease', value: this.lease() ?? 0n },
    ]);
    const target = ['version', 'createRevision', 'modRevision', 'value', 'lease'].indexOf(
      targetUnion?.$case ?? '',
    );
    return Compare.create({
      key: this.#key(),
      rangeEnd: chance.happens(0.85) ? bytes('') : bytes(chance.pick(RANGE_ENDS)),
      result: chance.below(4),
      target,
      targetUnion,
    });
  }
}
