/** Ten thousand watchers that wait: what they weigh, what they cost the puts of others, and that each of them is still served. */
import { WatchCreateRequest, WatchRequest, watchService } from '@kv/proto';
import type { WatchResponse } from '@kv/proto';
import type { Comparison } from '../comparison.js';
import type { LoadGenerator } from '../generators.js';
import { fillByTxns, keyOf } from '../loader.js';
import { compare } from '../rounds.js';
import type { Setting } from '../rounds.js';
import { RpcClient } from '../rpc-client.js';
import type { Side } from '../side.js';

const connections = 10;
const streamsPerConnection = 10;
const watchersPerStream = 100;
const watchers = connections * streamsPerConnection * watchersPerStream;
const section = `${watchers.toLocaleString('en-US')} watchers that wait, each on a key of its own`;
const shape = { connections: 100, streams: 1 };
const waitMsMax = 60_000;

/** Watches keys 0 to `watchers` - 1 of the loader. */
class IdleWatchers {
  created = 0;
  events = 0;
  readonly #clients: RpcClient[] = [];
  #failure: Error | undefined;
  #wake: () => void = () => undefined;

  static async open(side: Side): Promise<IdleWatchers> {
    const made = new IdleWatchers();
    for (let i = 0; i < connections; i += 1) {
      const client = new RpcClient(side.endpoint);
      made.#clients.push(client);
      for (let j = 0; j < streamsPerConnection; j += 1) {
        made.#openStream(client, (i * streamsPerConnection + j) * watchersPerStream);
      }
    }
    await made.until(() => made.created === watchers, 'watchers are created');
    return made;
  }

  /** Resolves when the condition holds; rejects after `waitMsMax` or when a watch was cancelled. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const deadline = setTimeout(() => {
      this.#fail(
        new Error(
          `not all ${what}: ${String(this.created)} created, ${String(this.events)} events`,
        ),
      );
    }, waitMsMax);
    try {
      while (!condition()) {
        if (this.#failure !== undefined) throw this.#failure;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      clearTimeout(deadline);
    }
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  #openStream(client: RpcClient, firstKey: number): void {
    const call = client.bidi(watchService.watch, (response) => {
      this.#onResponse(response);
    });
    for (let i = 0; i < watchersPerStream; i += 1) {
      const createRequest = WatchCreateRequest.create({ key: keyOf(firstKey + i) });
      call.send(
        WatchRequest.create({ requestUnion: { $case: 'createRequest', value: createRequest } }),
      );
    }
  }

  #onResponse({ created, canceled, cancelReason, events }: WatchResponse): void {
    if (canceled) this.#fail(new Error(`a watch was cancelled: ${cancelReason}`));
    if (created) this.created += 1;
    this.events += events.length;
    this.#wake();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }
}

interface Weighed {
  readonly watchers: IdleWatchers;
  readonly grownMiB: number;
}

async function openAndWeigh(side: Side): Promise<Weighed> {
  const before = side.leader.residentBytes();
  const opened = await IdleWatchers.open(side);
  return { watchers: opened, grownMiB: (side.leader.residentBytes() - before) / 2 ** 20 };
}

/** Writes each watched key once: every watcher must get its event. Resolves with the milliseconds until the last has. */
async function wakeAll(side: Side, opened: IdleWatchers): Promise<number> {
  const startedMs = performance.now();
  await fillByTxns(side, 0, watchers);
  await opened.until(() => opened.events === watchers, 'watchers got their event');
  return performance.now() - startedMs;
}

const row = (
  name: string,
  unit: string,
  goal: number | undefined,
  ours: number,
  theirs: number,
): Comparison => ({
  section,
  name,
  unit,
  better: 'less',
  ...(goal === undefined ? {} : { goal }),
  ours: { values: [ours] },
  theirs: { values: [theirs] },
});

/** Both sides run and are warm. */
export async function compareWatchers(
  setting: Setting,
  generator: LoadGenerator,
): Promise<Comparison[]> {
  const { ours, theirs, say } = setting;
  const mine = await openAndWeigh(ours);
  const others = await openAndWeigh(theirs);
  say(
    `${String(watchers)} watchers: ours ${mine.grownMiB.toFixed(0)} MiB, etcd ${others.grownMiB.toFixed(0)} MiB`,
  );
  try {
    const puts = await compare(
      {
        section,
        name: 'put 100x1 of another key',
        unit: 'requests/s',
        goal: 2,
        guessPerSecond: 10_000,
        run: (side, requests) => generator.put(side, shape, requests),
      },
      setting,
    );
    const [mineMs, othersMs] = [
      await wakeAll(ours, mine.watchers),
      await wakeAll(theirs, others.watchers),
    ];
    return [
      row('memory that they add', 'MiB', undefined, mine.grownMiB, others.grownMiB),
      puts,
      row('one event for each, until all have it', 'ms', undefined, mineMs, othersMs),
    ];
  } finally {
    mine.watchers.close();
    others.watchers.close();
  }
}
