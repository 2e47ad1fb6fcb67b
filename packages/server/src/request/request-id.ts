/**
 * Request ids as etcd makes them (etcd v3.7.1 pkg/idutil/id.go): the low 16 bits of the member's id, then 48 bits that
 * start at the wall clock and go up by one. Unique across members, and across restarts as long as fewer than 256 ids per
 * millisecond of uptime were given out.
 *
 * The 48 bits are a number, not a bigint: one is made and looked up for every request.
 */
import { invariant } from '../invariant.js';
import type { MemberId, RequestSequence } from '../ids.js';

const SEQUENCE_LIMIT = 2 ** 48;
const TWO_40 = 2 ** 40;

export class RequestIds {
  /** The low 16 bits of the member's id: the first two bytes of every id made here. */
  readonly prefix: number;
  #next: number;

  /** `wallMs`: milliseconds since 1970 at the start of this process. */
  constructor(memberId: MemberId, wallMs: number) {
    this.prefix = Number(BigInt.asUintN(16, memberId));
    this.#next = (wallMs % TWO_40) * 256;
    invariant(Number.isSafeInteger(this.#next), 'a request id starts at a whole millisecond', {
      wallMs,
    });
  }

  next(): RequestSequence {
    this.#next = this.#next + 1 >= SEQUENCE_LIMIT ? 1 : this.#next + 1;
    return this.#next as RequestSequence;
  }

  /** All 64 bits. */
  full(sequence: RequestSequence): bigint {
    return (BigInt(this.prefix) << 48n) | BigInt(sequence);
  }

  /** The sequence of an id of this member; undefined for an id of another one. Halves as `WireReader` gives them. */
  own(low: number, high: number): RequestSequence | undefined {
    if (high >>> 16 !== this.prefix) return undefined;
    return ((high & 0xffff) * 0x1_0000_0000 + low) as RequestSequence;
  }

  /** A lease id: a request id without its sign bit, never 0. */
  leaseId(): bigint {
    return BigInt.asUintN(63, this.full(this.next()));
  }
}
