/** A signal of the user's as an AbortSignal, for commands that run until they are told to stop. */
import { ExitCode, ExitError } from '../exit.js';
import type { Io, StopSignal } from '../io.js';

/** Aborts at the first of these signals; what waits for it then fails as etcdctl does. A second one ends the process as usual. */
export function interruption(
  io: Io,
  signals: readonly StopSignal[] = ['SIGINT', 'SIGTERM'],
): AbortSignal {
  const controller = new AbortController();
  io.onStop(signals, () => {
    controller.abort(new ExitError(ExitCode.error, 'context canceled'));
  });
  return controller.signal;
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else {
      signal.addEventListener(
        'abort',
        () => {
          resolve();
        },
        { once: true },
      );
    }
  });
}
