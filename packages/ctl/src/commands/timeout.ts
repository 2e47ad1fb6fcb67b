/** Time limits of commands. */
import { ExitCode, ExitError } from '../exit.js';
import type { FlagSet } from '../grammar/flag-set.js';
import type { ClientConfig } from '../global/config.js';

/** `--command-timeout` when it was given, by flag or variable, and no limit otherwise. (etcdctl ignores it here.) */
export function explicitTimeoutMs(flags: FlagSet, config: ClientConfig): number {
  return flags.isSet('command-timeout') ? config.commandTimeoutMs : Infinity;
}

/** Longest delay of a timer here; longer limits are none. */
const timerMsMax = 2 ** 31 - 1;

/** A limit for streams, which know none of their own. Clear it to let the process end. */
export interface Limit {
  readonly signal: AbortSignal;
  clear(): void;
}

export function limit(timeoutMs: number): Limit {
  const controller = new AbortController();
  if (timeoutMs > timerMsMax) return { signal: controller.signal, clear: () => undefined };
  const timer = setTimeout(() => {
    controller.abort(new ExitError(ExitCode.error, 'context deadline exceeded'));
  }, timeoutMs);
  return {
    signal: controller.signal,
    clear: () => {
      clearTimeout(timer);
    },
  };
}
