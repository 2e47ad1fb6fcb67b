/**
 * The connections of a client: round robin over those that are ready and well, waiting for the first one when none is.
 *
 * Well is an endpoint whose last call was answered. One that lost a call or let it run into its limit is passed over for a while, as long as
 * there is another: a member that hangs, or that has no majority, then costs one call and not every third.
 */
import type { Clock } from './clock.js';
import { KvError } from './errors.js';
import { ConnectionError, isLasting } from './transport/connection-error.js';
import type {
  Channel,
  ChannelOptions,
  ChannelState,
  Endpoint,
  Transport,
} from './transport/port.js';

/** How long an endpoint is passed over: doubling with each failure in a row, give or take a fifth; milliseconds. */
const avoidFirstMs = 1_000;
const avoidLastMs = 30_000;
/** Connections to endpoints that single calls have named; beyond them the one that was named first goes. */
const extraSlotsMax = 32;

export interface PoolOptions {
  readonly transport: Transport;
  readonly channel: ChannelOptions;
  readonly clock: Clock;
  readonly random: () => number;
  /** Whether a call waits for a connection also where only a change of settings can help. */
  readonly waitForReady: boolean;
  readonly onConnection: (endpoint: Endpoint, state: ChannelState) => void;
}

/** A connection lent for one call; `release` must follow. */
export interface Lent {
  readonly channel: Channel;
  /** `lost`: without an answer. Idempotent. */
  release(outcome: 'answered' | 'lost' | 'abandoned'): void;
}

class Slot {
  readonly channel: Channel;
  callCount = 0;
  failureCount = 0;
  avoidUntilMs = 0;
  isRetired = false;
  isConnecting = false;

  constructor(channel: Channel) {
    this.channel = channel;
  }
}

export class Pool {
  readonly #options: PoolOptions;
  #slots: readonly Slot[] = [];
  /** Of endpoints that single calls have named and that are not among the client's. */
  readonly #extra = new Map<string, Slot>();
  readonly #lifetime = new AbortController();
  /** Those who wait for a connection look again when something has changed. */
  readonly #waiting = new Set<() => void>();
  #next = 0;

  constructor(options: PoolOptions, endpoints: readonly Endpoint[]) {
    this.#options = options;
    this.setEndpoints(endpoints);
  }

  get endpoints(): readonly Endpoint[] {
    return this.#slots.map(({ channel }) => channel.endpoint);
  }

  get endpointCount(): number {
    return this.#slots.length;
  }

  /** Keeps the connections to endpoints that stay; those of others end with their last call. */
  setEndpoints(endpoints: readonly Endpoint[]): void {
    const before = new Map(this.#slots.map((slot) => [keyOf(slot.channel.endpoint), slot]));
    const after = new Map<string, Slot>();
    for (const endpoint of endpoints) {
      const key = keyOf(endpoint);
      if (after.has(key)) continue;
      after.set(key, before.get(key) ?? this.#extra.get(key) ?? this.#makeSlot(endpoint));
      this.#extra.delete(key);
    }
    this.#slots = [...after.values()];
    for (const [key, slot] of before) if (!after.has(key)) this.#retire(slot);
    this.#wakeAll();
  }

  #makeSlot(endpoint: Endpoint): Slot {
    const { transport, channel, onConnection } = this.#options;
    const onState = (state: ChannelState): void => {
      onConnection(endpoint, state);
      this.#wakeAll();
    };
    return new Slot(transport.channel(endpoint, { ...channel, onState }));
  }

  #retire(slot: Slot): void {
    slot.isRetired = true;
    if (slot.callCount === 0) slot.channel.close();
  }

  /** Why there is no connection, endpoint by endpoint; for the text of a timeout. */
  get problems(): readonly string[] {
    return this.#slots.flatMap(({ channel: { endpoint, lastError } }) =>
      lastError === undefined ? [] : [`${endpoint.text}: ${lastError.message}`],
    );
  }

  /** The error that says why there is no connection, where every endpoint has a reason and the first one's has a name. */
  connectionProblem(named?: Endpoint): KvError | undefined {
    return this.#problemOf(named === undefined ? this.#slots : [this.#slotOf(named)]);
  }

  #problemOf(slots: readonly Slot[]): KvError | undefined {
    const errors = slots.map(({ channel }) => channel.lastError);
    const [first] = errors;
    if (!(first instanceof ConnectionError) || first.code === undefined) return undefined;
    if (errors.some((error) => error === undefined)) return undefined;
    const texts = slots.map(
      ({ channel }) => `${channel.endpoint.text}: ${channel.lastError?.message ?? ''}`,
    );
    return new KvError(first.code, texts.join('; '), {
      outcome: 'definite',
      grpcCode: 14,
      cause: first,
    });
  }

  /**
   * A ready connection. Rejects with the signal's reason when none becomes ready before it aborts, and at once with a `KvError` when only a
   * change of settings can help (unless `waitForReady`).
   */
  async acquire(signal: AbortSignal, named?: Endpoint): Promise<Lent> {
    for (;;) {
      signal.throwIfAborted();
      const lent = this.take(named);
      if (lent !== undefined) return lent;
      const slots = named === undefined ? this.#slots : [this.#slotOf(named)];
      if (!this.#options.waitForReady && slots.every(({ channel }) => isHopeless(channel))) {
        const problem = this.#problemOf(slots);
        if (problem !== undefined) throw problem;
      }
      await this.#change(signal);
    }
  }

  /** A ready connection, if there is one now; connects where there is none. */
  take(named?: Endpoint): Lent | undefined {
    const slots = named === undefined ? this.#slots : [this.#slotOf(named)];
    for (const slot of slots) this.#connect(slot);
    const slot = this.#choose(slots);
    return slot === undefined ? undefined : this.#lend(slot);
  }

  #slotOf(endpoint: Endpoint): Slot {
    const key = keyOf(endpoint);
    const known =
      this.#slots.find(({ channel }) => keyOf(channel.endpoint) === key) ?? this.#extra.get(key);
    if (known !== undefined) return known;
    const [oldest] = this.#extra;
    if (oldest !== undefined && this.#extra.size >= extraSlotsMax) {
      this.#extra.delete(oldest[0]);
      this.#retire(oldest[1]);
    }
    const slot = this.#makeSlot(endpoint);
    this.#extra.set(key, slot);
    return slot;
  }

  /** Every endpoint is tried, not only until the first answers: the others are there when that one fails. */
  #connect(slot: Slot): void {
    if (slot.channel.isReady || slot.isConnecting) return;
    slot.isConnecting = true;
    const done = (): void => {
      slot.isConnecting = false;
      this.#wakeAll();
    };
    slot.channel.whenReady(this.#lifetime.signal).then(done, done);
  }

  /** The next in turn that is ready and well; else the next that is ready. */
  #choose(slots: readonly Slot[]): Slot | undefined {
    const now = this.#options.clock.monotonicMs();
    let unwell: { readonly slot: Slot; readonly at: number } | undefined;
    for (let i = 0; i < slots.length; i++) {
      const at = (this.#next + i) % slots.length;
      const slot = slots[at];
      if (slot?.channel.isReady !== true) continue;
      if (slot.avoidUntilMs <= now) {
        this.#next = at + 1;
        // One call tries whether it is well again; the others wait for how that ends.
        if (slot.failureCount > 0) slot.avoidUntilMs = now + avoidFirstMs;
        return slot;
      }
      unwell ??= { slot, at };
    }
    if (unwell !== undefined) this.#next = unwell.at + 1;
    return unwell?.slot;
  }

  #lend(slot: Slot): Lent {
    slot.callCount += 1;
    let isReleased = false;
    return {
      channel: slot.channel,
      release: (outcome) => {
        if (isReleased) return;
        isReleased = true;
        slot.callCount -= 1;
        this.#judge(slot, outcome);
        if (slot.isRetired && slot.callCount === 0) slot.channel.close();
      },
    };
  }

  #judge(slot: Slot, outcome: 'answered' | 'lost' | 'abandoned'): void {
    if (outcome === 'abandoned') return;
    if (outcome === 'answered') {
      slot.failureCount = 0;
      slot.avoidUntilMs = 0;
      return;
    }
    const forMs = Math.min(avoidLastMs, avoidFirstMs * 2 ** slot.failureCount);
    slot.failureCount += 1;
    slot.avoidUntilMs =
      this.#options.clock.monotonicMs() + forMs * (0.8 + 0.4 * this.#options.random());
  }

  #wakeAll(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves when a connection has changed or the signal aborts. */
  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  close(): void {
    this.#lifetime.abort();
    for (const { channel } of [...this.#slots, ...this.#extra.values()]) channel.close();
    this.#wakeAll();
  }
}

function isHopeless({ lastError }: Channel): boolean {
  return lastError instanceof ConnectionError && isLasting(lastError.code);
}

function keyOf({ secure, authority, address }: Endpoint): string {
  return `${secure} ${address.kind === 'unix' ? address.path : authority}`;
}
