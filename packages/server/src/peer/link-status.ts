/** Whether a peer is reached, since when, and the lines that operators look for (etcd v3.7.1 rafthttp/peer_status.go). */
import type { Clock } from '../clock.js';
import type { MemberId } from '../ids.js';
import type { Logger } from '../logger.js';

export class LinkStatus {
  readonly #peer: MemberId;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #sinceMs: number | undefined;

  constructor(peer: MemberId, clock: Clock, logger: Logger) {
    this.#peer = peer;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Monotonic; undefined while the peer is not reached. */
  get sinceMs(): number | undefined {
    return this.#sinceMs;
  }

  /** A stream was opened, or a post was taken. */
  reached(): void {
    if (this.#sinceMs !== undefined) return;
    this.#sinceMs = this.#clock.monotonicMs();
    this.#logger.log('info', 'peer became active', { 'peer-id': this.#peer });
  }

  lost(reason: string): void {
    const fields = { 'peer-id': this.#peer, error: reason };
    if (this.#sinceMs === undefined) {
      this.#logger.log('debug', 'peer deactivated again', fields);
      return;
    }
    this.#sinceMs = undefined;
    this.#logger.log('warn', 'peer became inactive (message send to peer failed)', fields);
  }
}
