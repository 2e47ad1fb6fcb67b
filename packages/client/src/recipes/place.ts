/**
 * A place in the line of those who want something: one key per owner below `<name>/`, named after its lease, in order of create revision.
 *
 * The layout is that of etcd's Go client (client/v3/concurrency/{key,mutex,election}.go), so that its locks and elections, and those of
 * `etcdctl lock` and `etcdctl elect`, stand in the same line.
 */
import type { Bytes, KeySelector } from '../data.js';
import { KvError } from '../errors.js';
import { del, find, put, when, type Condition } from '../operation.js';
import { patiently, WaitScope } from '../wait.js';
import type { WatchOptions } from '../watch.js';
import type { HeldLease, RecipeClient } from './recipe-client.js';

export interface Place {
  readonly key: string;
  readonly lease: HeldLease;
  /** Of the key: earlier places have smaller ones. Rises from owner to owner, so it is the fencing token. */
  readonly createRevision: number;
}

/** Holds as long as the place does: a transaction with this condition does nothing once somebody else may have taken over. */
export function stillThere({ key, createRevision }: Place): Condition<never> {
  return when.createRevision(key, '=', createRevision);
}

function placeKey(name: string, lease: HeldLease): string {
  return `${name}/${lease.id.toString(16)}`;
}

/**
 * Goes to the end of the line. May be sent again after an unknown outcome: the key is this lease's own, and who finds it there takes it.
 */
export function takePlace(
  client: RecipeClient,
  name: string,
  lease: HeldLease,
  value: Bytes,
  signal: AbortSignal,
): Promise<Place> {
  const key = placeKey(name, lease);
  const attempt = async (): Promise<Place> => {
    const { revision, succeeded, results } = await client.kv.transact(
      { if: [when.missing(key)], then: [put(key, value, { lease })], else: [find(key)] },
      { signal },
    );
    if (succeeded) return { key, lease, createRevision: revision };
    const [found] = results;
    if (found === undefined) throw lost(`the place ${key}`);
    return { key, lease, createRevision: found.createRevision };
  };
  return patiently(attempt, signal, client.raw);
}

/** Takes the place only if nobody stands in the line: no trace remains otherwise. */
export async function takeFreePlace(
  client: RecipeClient,
  name: string,
  lease: HeldLease,
  value: Bytes,
  signal: AbortSignal,
): Promise<Place | undefined> {
  const key = placeKey(name, lease);
  // Of a range: no key exists in it.
  const isFree = when.createRevision({ prefix: `${name}/` }, '=', 0);
  const { succeeded, revision } = await client.kv.transact(
    { if: [isFree], then: [put(key, value, { lease })] },
    { signal },
  );
  return succeeded ? { key, lease, createRevision: revision } : undefined;
}

/** Waits until the place is the first of the line. Rejects with `lost` when it vanishes meanwhile, or with the signal's reason. */
export async function waitForTurn(
  client: RecipeClient,
  name: string,
  place: Place,
  signal: AbortSignal,
): Promise<void> {
  const readAhead = {
    signal,
    keysOnly: true,
    limit: 1,
    sortBy: 'createRevision',
    order: 'descending',
    maxCreateRevision: place.createRevision - 1,
  } as const;
  const waited = async (): Promise<boolean> => {
    const { kvs, revision } = await client.kv.get({ prefix: `${name}/` }, readAhead);
    const [ahead] = kvs;
    if (ahead !== undefined) {
      await untilChanged(client, ahead.key, {
        startRevision: revision + 1,
        only: 'delete',
        signal,
      });
    }
    return ahead !== undefined;
  };
  while (await patiently(waited, signal, client.raw));
  const settings = { signal, keysOnly: true };
  const mine = await patiently(() => client.kv.find(place.key, settings), signal, client.raw);
  if (mine?.createRevision !== place.createRevision) throw lost(`the place ${place.key}`);
}

/** Waits until something happens to the keys that the options let through. A compaction meanwhile ends the wait too: look again. */
export async function untilChanged(
  client: RecipeClient,
  keys: KeySelector,
  options: Pick<WatchOptions, 'startRevision' | 'only'> & { readonly signal: AbortSignal },
): Promise<void> {
  try {
    for await (const { events } of client.kv.watch(keys, options)) if (events.length > 0) return;
  } catch (error) {
    if (error instanceof KvError && error.code === 'compacted') return;
    throw error;
  }
}

/**
 * Leaves the line, if the place is still there. May be sent again after an unknown outcome: it deletes this place or nothing. Rejects with the
 * signal's reason when it aborts before.
 */
export async function leavePlace(
  client: RecipeClient,
  place: Place,
  signal: AbortSignal,
): Promise<void> {
  const transaction = { if: [stillThere(place)], then: [del(place.key)] } as const;
  await patiently(() => client.kv.transact(transaction, { signal }), signal, client.raw);
}

/** How long somebody whose attempt has failed is kept waiting so that nothing of it stays behind, milliseconds. */
const abandonMsMax = 5_000;

/** Leaves the line after a failure, which is what to tell. Under a lease that lives on, a store that is not reached keeps the place. */
export async function abandonPlace(client: RecipeClient, place: Place): Promise<void> {
  const what = (): string => `the place ${place.key} was not given up`;
  using scope = new WaitScope(client.raw.clock, abandonMsMax, what);
  await leavePlace(client, place, scope.signal).catch(() => undefined);
}

/** `what` is no longer ours. */
export function lost(what: string, cause?: unknown): KvError {
  return new KvError('lost', `${what} is no longer held`, { outcome: 'definite', cause });
}
