/** The shortest lease that a cluster can keep: it must outlive an election. */

/**
 * `ceil(floor(3 × electionTicks / 2) × heartbeat)` in seconds; 2 with the defaults of 10 ticks and 100 ms. All members
 * must compute the same (etcd server/etcdserver/server.go, NewServer).
 */
export function minTtlSeconds(timing: {
  readonly electionTicks: number;
  readonly heartbeatMs: number;
}): number {
  return Math.ceil((Math.floor((3 * timing.electionTicks) / 2) * timing.heartbeatMs) / 1000);
}
