/** Thins out expiries that would fall due together, so that revoking keeps up with them. */

const SECOND_MS = 1_000;

/**
 * Given expiries in ascending order, returns as many, each the same or later: at most `perSecondMax` within any second.
 * Order is kept and none is delayed more than that needs: the i-th falls due at the later of its own time and a second
 * after the (i − perSecondMax)-th. etcd does the same with moving windows (server/lease/lessor.go, Promote).
 */
export function spreadExpiries(
  expiriesMs: readonly number[],
  perSecondMax: number,
): readonly number[] {
  const spread: number[] = [];
  for (const [i, expiryMs] of expiriesMs.entries()) {
    const earlierMs = spread[i - perSecondMax];
    spread.push(earlierMs === undefined ? expiryMs : Math.max(expiryMs, earlierMs + SECOND_MS));
  }
  return spread;
}
