/** The monotonic clock (J-13): wall time steps. Not `performance`, whose first use loads a dozen modules of Node's (3 ms). */

/** Milliseconds since some moment, with fractions. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
