/** What every call between a client and a member has in common: how bytes travel, and that it ends once, however that comes. */
import type { StatusError } from '@kv/client/transport';
import type { ClientSite } from './client-site.js';
import type { CutListener, Door, Inside } from './door.js';

export interface ExchangeParts {
  readonly site: ClientSite;
  readonly door: Door;
  readonly inside: Inside;
  readonly signal: AbortSignal;
  /** The calls of the channel, to be ended with it. */
  readonly open: Set<CutListener>;
}

export class Exchange {
  readonly #parts: ExchangeParts;
  readonly #cleanups: (() => void)[];
  #expected: (() => void) | undefined;
  #over = false;

  /** `failed`: the member, the channel or the caller's signal ended the call. Not told after `end`. */
  constructor(parts: ExchangeParts, failed: (reason: Error) => void) {
    const { site, door, signal, open } = parts;
    this.#parts = parts;
    const aborted = (): void => {
      if (this.end()) failed(signal.reason as Error);
    };
    const closed = (error: StatusError): void => {
      if (this.end()) failed(error);
    };
    const leave = door.enter((error) => {
      site.process.soon(() => {
        closed(error);
      });
    });
    open.add(closed);
    signal.addEventListener('abort', aborted, { once: true });
    this.#cleanups = [
      leave,
      (): void => {
        open.delete(closed);
        signal.removeEventListener('abort', aborted);
      },
    ];
  }

  /** The call is over for the client. False when it was already. */
  end(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#parts.site.clock.noteActivity();
    this.answered();
    for (const cleanup of this.#cleanups) cleanup();
    return true;
  }

  /** An answer is waited for: time may pass for it. */
  expectAnswer(): void {
    this.#expected ??= this.#parts.site.expect();
  }

  answered(): void {
    this.#expected?.();
    this.#expected = undefined;
  }

  /** From the client to the member, in order. A paused process neither sends nor receives; a dead one never will. */
  toMember(arrive: () => void): void {
    const { site, inside } = this.#parts;
    site.process.soon(() => {
      inside.process.soon(arrive);
    });
  }

  /** From the member to the client, in order. What comes after the end is dropped. */
  toClient(arrive: () => void): void {
    this.#parts.site.process.soon(() => {
      if (this.#over) return;
      this.#parts.site.clock.noteActivity();
      arrive();
    });
  }
}
