/** Whether a peer is reached, since when, and the lines that operators look for (etcd v3.7.1 rafthttp/peer_status.go). */
import type { Clock } from '../clock.js';
import type { MemberId } from '../ids.js';
import type { Logger } from '../logger.js';
import { RepeatedLines } from './repeated-lines.js';

/** Who is not reached for longer is spoken of. Members of a cluster are not all started in the same second. */
const PATIENCE_MS = 5000;

export class LinkStatus {
  readonly #peer: MemberId;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #sinceMs: number | undefined;
  /** Since when the peer is not reached. */
  #awayMs: number;
  #lines: RepeatedLines;

  readonly #changed: (isReached: boolean) => void;

  /** `changed` is told of each change. */
  constructor(
    peer: MemberId,
    clock: Clock,
    logger: Logger,
    changed: (isReached: boolean) => void = () => undefined,
  ) {
    this.#changed = changed;
    this.#peer = peer;
    this.#clock = clock;
    this.#logger = logger;
    this.#awayMs = clock.monotonicMs();
    this.#lines = new RepeatedLines(clock);
  }

  /** Monotonic; undefined while the peer is not reached. */
  get sinceMs(): number | undefined {
    return this.#sinceMs;
  }

  /** A stream was opened, or a post was taken. */
  reached(): void {
    if (this.#sinceMs !== undefined) return;
    this.#sinceMs = this.#clock.monotonicMs();
    this.#lines = new RepeatedLines(this.#clock);
    this.#changed(true);
    this.#logger.log('info', 'peer became active', { 'peer-id': this.#peer });
  }

  /** `isRefusal`: the peer is there, and has said why it does not listen; whoever heard that says so. */
  lost(reason: string, isRefusal = false): void {
    const fields = { 'peer-id': this.#peer, error: reason };
    if (this.#sinceMs === undefined) {
      if (!isRefusal) this.#stillAway(reason);
      return;
    }
    this.#sinceMs = undefined;
    this.#awayMs = this.#clock.monotonicMs();
    this.#changed(false);
    this.#logger.log('warn', 'peer became inactive (message send to peer failed)', fields);
  }

  /** etcd's members say this every few seconds. */
  #stillAway(reason: string): void {
    const awayMs = this.#clock.monotonicMs() - this.#awayMs;
    if (awayMs < PATIENCE_MS || !this.#lines.isDue('')) return;
    this.#logger.log('warn', 'prober detected unhealthy status', {
      'remote-peer-id': this.#peer,
      'unreached-for': `${Math.round(awayMs / 1000)}s`,
      error: reason,
      hint:
        'start that member; if it runs, see whether its address is right in --initial-cluster or in "member list", and whether it is ' +
        'reached from here',
    });
  }
}
