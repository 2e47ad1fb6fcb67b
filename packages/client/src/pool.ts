/** The connections of a client: round robin over those that are ready, waiting for the first one when none is. */
import type { Channel } from './transport/port.js';

export class Pool {
  readonly #channels: readonly Channel[];
  readonly #connecting = new Set<Channel>();
  readonly #lifetime = new AbortController();
  #next = 0;

  /** Owns the channels from now on. */
  constructor(channels: readonly Channel[]) {
    this.#channels = channels;
  }

  /** Why there is no connection, endpoint by endpoint; for the text of a timeout. */
  get problems(): readonly string[] {
    return this.#channels.flatMap(({ endpoint, lastError }) =>
      lastError === undefined ? [] : [`${endpoint.text}: ${lastError.message}`],
    );
  }

  get channels(): readonly Channel[] {
    return this.#channels;
  }

  /** The next ready channel. Rejects with the signal's reason when none becomes ready before it aborts. */
  async pick(signal: AbortSignal): Promise<Channel> {
    for (;;) {
      signal.throwIfAborted();
      this.#connectAll();
      const channel = this.#nextReady();
      if (channel !== undefined) return channel;
      await this.#anyReady(signal);
    }
  }

  #nextReady(): Channel | undefined {
    const { length } = this.#channels;
    for (let i = 0; i < length; i++) {
      const at = (this.#next + i) % length;
      const channel = this.#channels[at];
      if (channel?.isReady !== true) continue;
      this.#next = at + 1;
      return channel;
    }
    return undefined;
  }

  /** Every endpoint is tried, not only until the first answers: the others are there when that one fails. */
  #connectAll(): void {
    for (const channel of this.#channels) {
      if (channel.isReady || this.#connecting.has(channel)) continue;
      this.#connecting.add(channel);
      const done = (): void => {
        this.#connecting.delete(channel);
      };
      channel.whenReady(this.#lifetime.signal).then(done, done);
    }
  }

  async #anyReady(signal: AbortSignal): Promise<void> {
    const race = new AbortController();
    const stop = (): void => {
      race.abort(signal.reason);
    };
    signal.addEventListener('abort', stop, { once: true });
    try {
      await Promise.race(this.#channels.map((channel) => channel.whenReady(race.signal)));
    } finally {
      signal.removeEventListener('abort', stop);
      race.abort();
    }
  }

  close(): void {
    this.#lifetime.abort();
    for (const channel of this.#channels) channel.close();
  }
}
