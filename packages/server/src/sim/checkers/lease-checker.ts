/**
 * The promises of leases (G-9): none runs out early by the leader's own clock, none is renewed after it has ended, none outlives
 * its time by much once the cluster is calm.
 */
import type { History } from '../history.js';
import { promised } from '../violation.js';
import type { LogChecker } from './log-checker.js';

interface LeaseLife {
  readonly grantedMs: number;
  readonly ttlSeconds: number;
  revokedMs: number;
}

/** `rateMax`: how much faster than simulated time the fastest clock runs. */
export function checkLeases(history: History, log: LogChecker, rateMax: number): void {
  const lives = livesOf(log);
  const revokedByClientsMs = new Map<bigint, number>();
  for (const operation of history.operations) {
    if (operation.kind !== 'leaseRevoke') continue;
    const { ID } = operation.request;
    const atMs = Math.min(revokedByClientsMs.get(ID) ?? Infinity, operation.invokedMs);
    revokedByClientsMs.set(ID, atMs);
  }
  for (const [id, life] of lives) {
    // Somebody had asked for its end.
    if ((revokedByClientsMs.get(id) ?? Infinity) <= life.revokedMs) continue;
    checkNotEarly(id, life, life.grantedMs, rateMax);
  }
  for (const operation of history.operations) {
    if (operation.kind !== 'leaseKeepAlive' || operation.outcome?.type !== 'ok') continue;
    const { ID, TTL } = operation.outcome.response;
    const life = lives.get(ID);
    if (TTL <= 0n) continue;
    promised(
      life !== undefined && operation.invokedMs <= life.revokedMs,
      'lease-answer',
      () => `lease ${ID} was renewed at ${operation.invokedMs} ms, after its end`,
    );
    if (life === undefined) continue;
    if ((revokedByClientsMs.get(ID) ?? Infinity) <= life.revokedMs) continue;
    checkNotEarly(ID, life, operation.invokedMs, rateMax);
  }
}

/** Nobody renews any more, and long enough has passed: no lease is left. */
export function checkLeasesGone(log: LogChecker): void {
  const left = [...livesOf(log)].filter(([, { revokedMs }]) => revokedMs === Infinity);
  promised(left.length === 0, 'lease-late', () => {
    return `${left.length} leases did not run out, such as ${left[0]?.[0] ?? 0n}`;
  });
}

/** The countdown began at `fromMs` or later: the clocks of leaders allow the end then and not before. */
function checkNotEarly(id: bigint, life: LeaseLife, fromMs: number, rateMax: number): void {
  const earliestMs = fromMs + (life.ttlSeconds * 1000) / rateMax;
  promised(life.revokedMs + 1e-6 >= earliestMs, 'lease-early', () => {
    const lived = (life.revokedMs - fromMs).toFixed(0);
    return `lease ${id} of ${life.ttlSeconds} s ended at ${life.revokedMs} ms, ${lived} ms after it was granted or renewed, not ${earliestMs - fromMs} ms`;
  });
}

function livesOf(log: LogChecker): ReadonlyMap<bigint, LeaseLife> {
  const lives = new Map<bigint, LeaseLife>();
  for (const { step, firstMs } of log.entries) {
    if (step === undefined || step.answer.type === 'refused') continue;
    const { leaseGrant, leaseRevoke } = step.request;
    if (leaseGrant !== undefined) {
      const ttlSeconds = Number(leaseGrant.TTL);
      lives.set(leaseGrant.ID, { grantedMs: firstMs, ttlSeconds, revokedMs: Infinity });
    }
    const life = leaseRevoke === undefined ? undefined : lives.get(leaseRevoke.ID);
    if (life !== undefined) life.revokedMs = firstMs;
  }
  return lives;
}
