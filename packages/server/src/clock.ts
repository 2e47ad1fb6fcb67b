/** Time as a port: the only way in which a member learns what time it is or lets time pass. */

/** A timer that was started. */
export interface Timer {
  /** After it returns the callback will not be called (any more). Idempotent. */
  cancel(): void;
}

export interface Clock {
  /** Milliseconds that only rise; the origin means nothing. On the same scale as a call's `deadlineMs`. */
  monotonicMs(): number;
  /** Milliseconds since 1970 UTC; may jump. Only for identifiers and logs, never for durations. */
  wallMs(): number;
  /** Calls back once, `delayMs` from now or later. The timer alone does not keep the process alive. */
  after(delayMs: number, callback: () => void): Timer;
  /** Calls back every `periodMs`. The timer alone does not keep the process alive. */
  every(periodMs: number, callback: () => void): Timer;
  /** Calls back in a later turn of the loop, after I/O that is ready has been seen. */
  soon(callback: () => void): void;
}

/** The clock of this process. */
export const systemClock: Clock = Object.freeze({
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs: number, callback: () => void): Timer {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return {
      cancel: () => {
        clearTimeout(timer);
      },
    };
  },
  every(periodMs: number, callback: () => void): Timer {
    const timer = setInterval(callback, periodMs);
    timer.unref();
    return {
      cancel: () => {
        clearInterval(timer);
      },
    };
  },
  soon(callback: () => void): void {
    setImmediate(callback);
  },
});
