/** Time for the client: a port, so that tests (and `@kv/testing`) can move it by hand. */

export interface Timer {
  /** The callback will not be called. Again, or after it was called: nothing happens. */
  cancel(): void;
}

export interface Clock {
  /** Milliseconds that only rise; the origin means nothing (J-13: wall time steps). */
  monotonicMs(): number;
  /** Calls back once, `delayMs` from now or later; at most 2^31-1 (J-3). The timer may keep the process alive until then. */
  after(delayMs: number, callback: () => void): Timer;
}

/** Largest delay of `setTimeout`; a longer one would fire at once (J-3). */
export const delayMsMax: number = 2 ** 31 - 1;

/** The clock of the machine. Not `performance`, whose first use loads a dozen modules of Node's (3 ms). */
export const systemClock: Clock = {
  monotonicMs: () => Number(process.hrtime.bigint()) / 1e6,
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, Math.min(delayMsMax, Math.max(0, Math.ceil(delayMs))));
    return {
      cancel: () => {
        clearTimeout(timer);
      },
    };
  },
};

/** Waits, or rejects with the signal's reason. */
export function pause(delayMs: number, signal: AbortSignal, clock: Clock): Promise<void> {
  if (delayMs <= 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      timer.cancel();
      reject(signal.reason as Error);
    };
    const timer = clock.after(delayMs, () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
