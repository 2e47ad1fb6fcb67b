/** Time limit of commands that wait for ever by default. */
import type { FlagSet } from '../grammar/flag-set.js';
import type { ClientConfig } from '../global/config.js';

/** `--command-timeout` when it was given, by flag or variable, and no limit otherwise. (etcdctl ignores it here.) */
export function explicitTimeoutMs(flags: FlagSet, config: ClientConfig): number {
  return flags.isSet('command-timeout') ? config.commandTimeoutMs : Infinity;
}
