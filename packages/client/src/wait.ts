/** Waiting with an end, and trying again what passes by itself. */
import { pause, type Clock, type Timer } from './clock.js';
import { KvError } from './errors.js';
import { checkTimeout } from './options.js';
import { isLasting } from './transport/connection-error.js';
import { GrpcCode } from './transport/status-error.js';

/** What waiting needs of the world; a `RawClient` has it. */
export interface Ambient {
  readonly clock: Clock;
  /** In [0, 1). */
  random(): number;
}

export interface WaitLimits {
  readonly signal?: AbortSignal;
  /** Longest wait; Infinity for none. */
  readonly timeoutMs?: number;
}

/** Pauses after failures: doubling from the first to the last, give or take a fifth; milliseconds. */
const firstMs = 50;
const lastMs = 5_000;

/** Waits before attempt number `failures` (from 0: at once). Rejects with the signal's reason. */
export async function backoff(
  failures: number,
  signal: AbortSignal,
  ambient: Ambient,
): Promise<void> {
  signal.throwIfAborted();
  if (failures === 0) return;
  const pauseMs = Math.min(lastMs, firstMs * 2 ** Math.min(failures - 1, 10));
  await pause(pauseMs * (0.8 + 0.4 * ambient.random()), signal, ambient.clock);
}

/** gRPC statuses after which asking again may do better. */
const passing: ReadonlySet<number | undefined> = new Set([
  GrpcCode.unavailable,
  GrpcCode.internal,
  GrpcCode.resourceExhausted,
]);

/** Whether somebody who may ask again should: a lost connection, an overloaded member, a compacted revision; not a wrong certificate. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof KvError)) return false;
  switch (error.code) {
    case 'closed':
    case 'limit':
    case 'lost':
    case 'config':
    case 'protocol':
      return false;
    case 'deadline':
    case 'compacted':
    case 'connectionLost':
    case 'noLeader':
      return true;
    default:
      return passing.has(error.grpcCode) && !isLasting(error.code);
  }
}

/** Whether there is no connection for a reason that waiting does not mend; who has been connected before may wait all the same. */
export function isMistakenSetting(error: unknown): boolean {
  return error instanceof KvError && isLasting(error.code);
}

/** Does it until it succeeds, fails for good, or the signal aborts (then rejects with its reason). Only for what may be done twice. */
export async function patiently<T>(
  act: () => Promise<T>,
  signal: AbortSignal,
  ambient: Ambient,
): Promise<T> {
  for (let failures = 0; ; failures++) {
    await backoff(failures, signal, ambient);
    try {
      return await act();
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error)) throw error;
    }
  }
}

/** One signal out of several and a time limit. `dispose` must follow, else timer and listeners stay. */
export class WaitScope implements Disposable {
  readonly #controller = new AbortController();
  readonly #undo: (() => void)[] = [];
  #timer: Timer | undefined;

  /** At the limit the signal's reason is a `KvError` of code `deadline`; `what` begins its message. */
  constructor(
    clock: Clock,
    timeoutMs: number,
    what: () => string,
    ...sources: readonly (AbortSignal | undefined)[]
  ) {
    checkTimeout('timeoutMs', timeoutMs);
    for (const source of sources) {
      if (source === undefined) continue;
      const stop = (): void => {
        this.#controller.abort(source.reason);
      };
      if (source.aborted) stop();
      source.addEventListener('abort', stop, { once: true });
      this.#undo.push(() => {
        source.removeEventListener('abort', stop);
      });
    }
    if (timeoutMs !== Infinity) this.#arm(clock, timeoutMs, what);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  #arm(clock: Clock, timeoutMs: number, what: () => string): void {
    const endsAtMs = clock.monotonicMs() + timeoutMs;
    const wait = (): void => {
      const remainingMs = endsAtMs - clock.monotonicMs();
      // A timer may end early: it has a longest delay (J-3).
      if (remainingMs > 0) {
        this.#timer = clock.after(remainingMs, wait);
        return;
      }
      const message = `${what()} within ${timeoutMs} ms`;
      this.#controller.abort(new KvError('deadline', message, { outcome: 'definite' }));
    };
    wait();
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    for (const undo of this.#undo) undo();
  }
}

/** The result of `promise`, or the signal's reason as soon as it aborts; the promise goes on, and its failure is looked after. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop);
  }
}
