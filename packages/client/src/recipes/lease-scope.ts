/** Doing something under a lease: the caller's, or one of its own that ends when the attempt fails. */
import { WaitScope, type WaitLimits } from '../wait.js';
import type { HeldLease, RecipeClient } from './recipe-client.js';

export interface LeaseOptions {
  /**
   * How long after this process died (or lost the store) others get what it held: seconds, default 10. A short time costs renewals, three in
   * each.
   */
  readonly ttlSeconds?: number;
  /** A lease session to share instead of one of its own; it is left open. */
  readonly lease?: HeldLease;
}

const ttlSecondsDefault = 10;

/**
 * `act` under the lease, with a signal that aborts at the limits or when the lease is lost. `what` begins the message of a deadline. A lease
 * of its own is closed when `act` fails; otherwise what it returned owns it.
 */
export async function underLease<T>(
  client: RecipeClient,
  options: LeaseOptions & WaitLimits,
  what: string,
  act: (lease: HeldLease, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { timeoutMs = Infinity } = options;
  const { clock } = client.raw;
  using limits = new WaitScope(clock, timeoutMs, () => what, options.signal);
  const lease = options.lease ?? (await openLease(client, options, limits.signal));
  using scope = new WaitScope(clock, Infinity, () => what, lease.signal, limits.signal);
  try {
    return await act(lease, scope.signal);
  } catch (error) {
    if (options.lease === undefined) await lease.close();
    throw error;
  }
}

export function openLease(
  client: RecipeClient,
  options: LeaseOptions,
  signal: AbortSignal,
): Promise<HeldLease> {
  const ttlSeconds = options.ttlSeconds ?? ttlSecondsDefault;
  return client.lease.session(ttlSeconds, { signal });
}
