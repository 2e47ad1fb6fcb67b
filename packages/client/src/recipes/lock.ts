/** Locks: one owner at a time, in order of arrival, with what keeps a paused owner from doing harm (`held.ts`). */
import type { Bytes } from '../data.js';
import type { WaitLimits } from '../wait.js';
import { Held } from './held.js';
import { underLease, type LeaseOptions } from './lease-scope.js';
import { abandonPlace, takeFreePlace, takePlace, waitForTurn } from './place.js';
import type { RecipeClient } from './recipe-client.js';

/** `timeoutMs` is the longest wait for the lock, by default Infinity. */
export interface LockOptions extends LeaseOptions, WaitLimits {
  /** Stored with the lock, for people: who holds it. */
  readonly value?: Bytes;
}

/** A lock that is held. `release` it, or declare it with `await using`. */
export class Lock extends Held {}

/** See `Client.lock`. */
export function acquireLock(
  client: RecipeClient,
  name: string,
  options: LockOptions = {},
): Promise<Lock> {
  const what = `lock "${name}" was not had`;
  return underLease(client, options, what, async (lease, signal) => {
    const place = await takePlace(client, name, lease, options.value ?? '', signal);
    try {
      await waitForTurn(client, name, place, signal);
    } catch (error) {
      // A lease of its own takes the place with it.
      if (options.lease !== undefined) await abandonPlace(client, place);
      throw error;
    }
    return new Lock(client, place, options.lease === undefined);
  });
}

/** See `Client.tryLock`. */
export async function tryAcquireLock(
  client: RecipeClient,
  name: string,
  options: LockOptions = {},
): Promise<Lock | undefined> {
  const what = `lock "${name}" was not tried`;
  return underLease(client, options, what, async (lease, signal) => {
    const ownsLease = options.lease === undefined;
    const place = await takeFreePlace(client, name, lease, options.value ?? '', signal);
    if (place !== undefined) return new Lock(client, place, ownsLease);
    if (ownsLease) await lease.close();
    return undefined;
  });
}
