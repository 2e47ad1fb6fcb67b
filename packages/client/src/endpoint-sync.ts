/** Keeps the endpoints of a client those of the cluster's members. */
import { ClusterClient } from './cluster.js';
import { KvError } from './errors.js';
import type { RawClient } from './raw.js';

/** Uses the client addresses of all started voters as endpoints; where they have none, leaves all as it is. */
export async function syncEndpoints(
  raw: RawClient,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const settings = signal === undefined ? {} : { signal };
  const members = await new ClusterClient(raw).members(settings);
  const urls = members
    .filter(({ isLearner }) => !isLearner)
    .flatMap(({ clientUrls }) => clientUrls);
  const usable = raw.hasTls
    ? urls.filter((url) => url.startsWith('https:') || url.startsWith('unixs:'))
    : urls;
  if (usable.length > 0) raw.setEndpoints(usable);
  return raw.endpoints;
}

/** Does so again and again until the client closes. Failures wait for the next time. */
export async function syncForEver(raw: RawClient, intervalMs: number): Promise<void> {
  while (!raw.isClosed) {
    try {
      await raw.pause(intervalMs * (0.9 + 0.2 * raw.random()));
      await syncEndpoints(raw);
    } catch (error) {
      if (!(error instanceof KvError)) throw error;
    }
  }
}
