/** How long a question to a peer and its answer take, measured from time to time (etcd v3.7.1 rafthttp/probing_status.go). */
import type { Clock, Timer } from '../clock.js';
import type { HttpClient } from './http-client.js';
import { PROBE_PERIOD_MS, PROBE_RETRY_MS, REQUEST_TIMEOUT_MS } from './limits.js';
import type { UrlRotation } from './url-rotation.js';

export interface RoundTripParts {
  readonly clock: Clock;
  readonly client: Pick<HttpClient, 'ask'>;
  readonly urls: Pick<UrlRotation, 'current'>;
  readonly measured: (durationMs: number) => void;
}

const NO_BODY: Uint8Array = new Uint8Array(0);

export class RoundTripProbe {
  readonly #parts: RoundTripParts;
  #next: Timer | undefined;
  #closed = false;

  constructor(parts: RoundTripParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#after(PROBE_RETRY_MS);
  }

  close(): void {
    this.#closed = true;
    this.#next?.cancel();
  }

  #after(delayMs: number): void {
    if (this.#closed) return;
    this.#next = this.#parts.clock.after(delayMs, () => {
      this.#probe();
    });
  }

  #probe(): void {
    const { clock, client, urls, measured } = this.#parts;
    const startedMs = clock.monotonicMs();
    const url = `${urls.current()}/raft/probing`;
    const asked = { method: 'GET', url, headers: {}, body: NO_BODY } as const;
    client.ask({ ...asked, timeoutMs: REQUEST_TIMEOUT_MS }).then(
      ({ status }) => {
        if (status === 200 && !this.#closed) measured(clock.monotonicMs() - startedMs);
        this.#after(status === 200 ? PROBE_PERIOD_MS : PROBE_RETRY_MS);
      },
      () => {
        this.#after(PROBE_RETRY_MS);
      },
    );
  }
}
