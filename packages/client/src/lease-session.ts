/**
 * A lease that keeps itself alive, and tells that it is lost before the server can have given it to somebody else.
 *
 * The server counts the time to live from when it handles a renewal, which is not before we sent it. So `sent + TTL` by our own
 * monotonic clock is never later than the server's end; a margin for clocks of different speed comes off, and at that moment
 * the lease counts as lost, whatever the network does.
 */
import type { Timer } from './clock.js';
import { KvError } from './errors.js';
import { renewOnce } from './lease-messages.js';
import type { RawClient } from './raw.js';

export interface LeaseSessionOptions {
  /** Default 0n: the server chooses. */
  readonly id?: bigint;
  /** How long before the server's end the lease counts as lost, milliseconds, less than its time to live. Default: a tenth of that, at most 1 000. */
  readonly marginMs?: number;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** How a session begins: what was granted, and when the request for it was sent. */
export interface GrantedLease {
  readonly id: bigint;
  readonly ttlSeconds: number;
  readonly sentAtMs: number;
}

/** A renewal that is not answered within this part of the time to live is tried again, on another connection where there is one. */
const attemptPart = 1 / 6;
const attemptMsMin = 250;
const retryMs = 200;

export class LeaseSession implements AsyncDisposable {
  readonly id: bigint;
  readonly ttlSeconds: number;
  readonly #raw: RawClient;
  readonly #marginMs: number;
  readonly #controller = new AbortController();
  readonly #stop = new AbortController();
  readonly #lost: Promise<KvError>;
  #tellLost: (error: KvError) => void = () => undefined;
  #endsAtMs: number;
  #endTimer: Timer | undefined;
  readonly #renewing: Promise<void>;
  #lastFailure: unknown;
  #closing: Promise<void> | undefined;

  /** See `LeaseClient.session`. */
  constructor(raw: RawClient, granted: GrantedLease, options: LeaseSessionOptions) {
    this.id = granted.id;
    this.ttlSeconds = granted.ttlSeconds;
    this.#raw = raw;
    this.#marginMs = options.marginMs ?? Math.min(1_000, granted.ttlSeconds * 100);
    this.#lost = new Promise((resolve) => {
      this.#tellLost = resolve;
    });
    this.#endsAtMs = this.#endAfter(granted.sentAtMs);
    this.#armEnd();
    this.#renewing = this.#renewForEver();
  }

  /** Aborts when the lease is lost (`KvError` `leaseLost` or `leaseNotFound`), or the session closed (`closed`): stop what depends on it. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Resolves with the reason when the lease is lost; never rejects, and stays pending after an orderly close. */
  get lost(): Promise<KvError> {
    return this.#lost;
  }

  /**
   * Whether the lease certainly still stands. Looks at the clock each time, so a process that was stopped knows before any timer has run: ask before
   * each act that depends on the lease.
   */
  get isAlive(): boolean {
    return !this.#controller.signal.aborted && this.remainingMs > 0;
  }

  /** Milliseconds until it counts as lost unless it is renewed before; never negative. */
  get remainingMs(): number {
    if (this.#controller.signal.aborted) return 0;
    return Math.max(0, this.#endsAtMs - this.#raw.clock.monotonicMs());
  }

  /** Throws the reason when the lease does not certainly stand any more. */
  assertAlive(): void {
    if (!this.#controller.signal.aborted && this.remainingMs <= 0) this.#lose(this.#ranOut());
    this.#controller.signal.throwIfAborted();
  }

  /** Stops renewing and revokes the lease: its keys go at once. Idempotent. Resolves also when the server can not be reached: then it runs out. */
  close(): Promise<void> {
    this.#closing ??= this.#close(true);
    return this.#closing;
  }

  /** Stops renewing and leaves the lease to run out by itself, or to somebody else to renew. */
  release(): Promise<void> {
    this.#closing ??= this.#close(false);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(revoke: boolean): Promise<void> {
    const wasAlive = this.isAlive;
    this.#end(
      new KvError('closed', `the session of lease ${hex(this.id)} is closed`, {
        outcome: 'definite',
      }),
    );
    await this.#renewing;
    if (!revoke || !wasAlive || this.#raw.isClosed) return;
    const { leaseService, LeaseRevokeRequest } = await import('@kv/proto/lease');
    const timeoutMs = Math.max(1, this.ttlSeconds * 1_000);
    try {
      await this.#raw.call(leaseService.leaseRevoke, LeaseRevokeRequest.create({ ID: this.id }), {
        timeoutMs: Math.min(timeoutMs, 5_000),
      });
    } catch (error) {
      if (!(error instanceof KvError)) throw error;
    }
  }

  #endAfter(sentAtMs: number): number {
    return sentAtMs + this.ttlSeconds * 1_000 - this.#marginMs;
  }

  #armEnd(): void {
    this.#endTimer?.cancel();
    this.#endTimer = this.#raw.clock.after(this.remainingMs, () => {
      if (this.#controller.signal.aborted) return;
      if (this.remainingMs > 0) this.#armEnd();
      else this.#lose(this.#ranOut());
    });
  }

  async #renewForEver(): Promise<void> {
    const { clock } = this.#raw;
    const periodMs = (this.ttlSeconds * 1_000) / 3;
    let delayMs = periodMs;
    while (!this.#stop.signal.aborted) {
      try {
        await this.#raw.pause(delayMs, this.#stop.signal);
        const sentAtMs = clock.monotonicMs();
        await this.#renew();
        // Once its end has passed it stays lost: somebody may have looked.
        if (this.remainingMs <= 0) this.#lose(this.#ranOut());
        this.#endsAtMs = Math.max(this.#endsAtMs, this.#endAfter(sentAtMs));
        this.#armEnd();
        delayMs = periodMs;
      } catch (error) {
        if (this.#raw.isClosed) this.#end(error);
        else if (error instanceof KvError && error.code === 'leaseNotFound') this.#lose(error);
        else this.#lastFailure = error;
        delayMs = Math.min(retryMs, periodMs / 4);
      }
    }
  }

  /** One renewal, given up in time for another. */
  async #renew(): Promise<void> {
    const attempt = new AbortController();
    const onStop = (): void => {
      attempt.abort(this.#stop.signal.reason);
    };
    this.#stop.signal.addEventListener('abort', onStop, { once: true });
    const limitMs = Math.max(attemptMsMin, this.ttlSeconds * 1_000 * attemptPart);
    const timer = this.#raw.clock.after(limitMs, () => {
      attempt.abort(new Error(`no answer to a renewal within ${limitMs} ms`));
    });
    try {
      this.#stop.signal.throwIfAborted();
      await renewOnce(this.#raw, this.id, { signal: attempt.signal });
    } finally {
      timer.cancel();
      this.#stop.signal.removeEventListener('abort', onStop);
    }
  }

  #ranOut(): KvError {
    const message = `lease ${hex(this.id)} could not be renewed within its ${this.ttlSeconds} s`;
    return new KvError('leaseLost', message, { outcome: 'definite', cause: this.#lastFailure });
  }

  #lose(error: KvError): void {
    if (this.#controller.signal.aborted) return;
    this.#end(error);
    this.#tellLost(error);
  }

  #end(reason: unknown): void {
    if (this.#controller.signal.aborted) return;
    this.#endTimer?.cancel();
    this.#stop.abort(reason);
    this.#controller.abort(reason);
  }
}

/** A negative margin would tell the loss after the server's end (C6), and too long a one at once. Throws `TypeError`. */
export function checkMargin(ttlSeconds: number, marginMs = 0): void {
  if (marginMs >= 0 && marginMs < ttlSeconds * 1_000) return;
  const text = `marginMs must be from 0 to below the ${ttlSeconds} s of the lease, is ${marginMs}`;
  throw new TypeError(text);
}

function hex(id: bigint): string {
  return BigInt.asUintN(64, id).toString(16);
}
