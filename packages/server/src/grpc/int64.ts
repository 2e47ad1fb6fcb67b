/**
 * The only place where 64-bit numbers of the wire become ours, and back.
 *
 * *Counters* (revisions, versions, sizes, limits) saturate at ±(2^53 - 1): every stored revision is smaller, so comparing
 * with a client's 2^63 - 1 keeps its answer. *Identifiers* (leases, members, watches) pass unchanged, as bigints.
 */

const MAX: number = Number.MAX_SAFE_INTEGER;
const TWO_32 = 0x1_0000_0000;

/** A signed 64-bit number from its halves (unsigned 32 bits each), saturated. */
export function counterFromHalves(low: number, high: number): number {
  if (high === 0) return low;
  const value = (high | 0) * TWO_32 + low;
  if (value > MAX) return MAX;
  return value < -MAX ? -MAX : value;
}

/** A counter from a decoded message, saturated. */
export function counterFromInt64(value: bigint): number {
  const number = Number(value);
  if (number > MAX) return MAX;
  return number < -MAX ? -MAX : number;
}

/** A counter of ours for an encoder. Exact: counters are safe integers. */
export function int64FromCounter(value: number): bigint {
  return BigInt(value);
}

/** A signed identifier from its halves. */
export function signedFromHalves(low: number, high: number): bigint {
  if (high === 0) return low === 0 ? 0n : BigInt(low);
  return (BigInt(high | 0) << 32n) | BigInt(low);
}

/** An unsigned identifier from its halves. */
export function unsignedFromHalves(low: number, high: number): bigint {
  return high === 0 ? BigInt(low) : (BigInt(high) << 32n) | BigInt(low);
}

/** As etcd prints identifiers everywhere: lower-case hex without leading zeros. */
export function hexOf(id: bigint): string {
  return BigInt.asUintN(64, id).toString(16);
}
