/** Watchers of everything, each through all members, resumed by the client library wherever they break; they note what they see. */
import { Client, allKeys, type WatchEvent } from '@kv/client';
import type { History, SeenEvent } from './history.js';

export interface Watcher extends AsyncDisposable {
  /** Resolves when everything up to this revision has been seen. */
  sees(revision: number): Promise<void>;
}

export async function startWatcher(
  name: string,
  endpoints: readonly string[],
  history: History,
): Promise<Watcher> {
  const seen: SeenEvent[] = [];
  history.watchers.set(name, seen);
  const client = await Client.open({ endpoints });
  const watch = client.watch(allKeys, { startRevision: 1, progressNotify: true });
  let revision = 0;
  let wake = (): void => undefined;
  let failure: unknown;
  const follow = async (): Promise<void> => {
    for await (const batch of watch) {
      seen.push(...batch.events.map(eventOf));
      revision = batch.revision;
      wake();
    }
  };
  const following = follow().catch((error: unknown) => {
    failure = error;
    wake();
  });
  return {
    async sees(wanted) {
      while (revision < wanted) {
        if (failure !== undefined) throw failure as Error;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    async [Symbol.asyncDispose]() {
      await watch.close();
      await following;
      await client.close();
    },
  };
}

function eventOf({ type, kv }: WatchEvent): SeenEvent {
  const { createRevision, modRevision, version } = kv;
  return {
    type,
    key: Buffer.from(kv.key).toString(),
    revision: modRevision,
    state:
      type === 'put'
        ? { value: Buffer.from(kv.value).toString(), createRevision, modRevision, version }
        : undefined,
    atMs: performance.now(),
  };
}
