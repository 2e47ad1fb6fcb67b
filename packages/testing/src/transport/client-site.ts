/** One client process as the cluster sees it: its clock, its calls, and whether time should pass for them. */
import type { Channel, ChannelOptions, Endpoint, Transport } from '@kv/client/transport';
import { Expectations } from '../clock/expectations.js';
import { ProcessClock } from '../clock/process-clock.js';
import type { VirtualClock } from '../clock/virtual-clock.js';
import { InProcessChannel } from './channel.js';
import type { Door } from './door.js';

export class ClientSite implements Transport {
  readonly process: ProcessClock;
  readonly clock: VirtualClock;
  readonly label: string;
  readonly #doors: readonly Door[];
  readonly #channels = new Set<InProcessChannel>();
  readonly #answers: Expectations;
  readonly #connections: Expectations;

  constructor(label: string, clock: VirtualClock, doors: readonly Door[]) {
    this.label = label;
    this.clock = clock;
    this.#doors = doors;
    this.process = new ProcessClock(clock);
    this.#answers = new Expectations(clock);
    this.#connections = new Expectations(clock);
  }

  channel(endpoint: Endpoint, options: ChannelOptions): Channel {
    const { address } = endpoint;
    const wanted = address.kind === 'tcp' ? `${address.host}:${address.port}` : address.path;
    const door = this.#doors.find((candidate) => candidate.endpoint === wanted);
    const channel = new InProcessChannel(this, endpoint, door, options);
    this.#channels.add(channel);
    return channel;
  }

  /** Endpoints that exist, for the text of an error. */
  get endpoints(): string {
    return this.#doors.map((door) => door.endpoint).join(', ');
  }

  /** Whether somebody waits for what time will bring: an answer, or any member at all, before the time of the call is up. */
  wantsTime(): boolean {
    if (this.process.isPaused) return false;
    if (this.#answers.wantsTime()) return true;
    if (!this.#connections.wantsTime() || this.process.pendingTimers === 0) return false;
    return ![...this.#channels].some((channel) => channel.isReady);
  }

  /** Somebody waits for an answer. Returns what ends that. */
  expect(): () => void {
    return this.#answers.expect();
  }

  /** Somebody waits for a connection. Returns what ends that. */
  expectConnection(): () => void {
    return this.#connections.expect();
  }

  /** A channel was closed. */
  forget(channel: InProcessChannel): void {
    this.#channels.delete(channel);
  }
}
