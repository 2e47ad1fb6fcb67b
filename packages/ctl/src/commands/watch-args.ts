/** What a `watch` line asks for: keys from arguments or environment, and the command after `--`. */
import type { ByteString } from '../bytes.js';
import type { Environment } from '../context.js';
import { badArgs, type ExitError } from '../exit.js';
import { quote } from '../go/quote.js';
import { FlagSet } from '../grammar/flag-set.js';
import { watchFlags } from '../tree.js';

export interface WatchArgs {
  readonly flags: FlagSet;
  /** Key and range end. */
  readonly keys: readonly ByteString[];
  /** Command to run for each event; empty for none. */
  readonly command: readonly ByteString[];
}

const wrongCount = 'bad number of arguments';
const conflict = `${wrongCount} (found conflicting environment key)`;
const lonelySeparator = `${wrongCount} (found separator --, but no commands)`;

/** Keys of `ETCDCTL_WATCH_KEY` and `ETCDCTL_WATCH_RANGE_END`. Throws `ExitError`. */
export function environmentKeys(environment: Environment): readonly ByteString[] {
  const key = environment.get('ETCDCTL_WATCH_KEY') ?? '';
  const end = environment.get('ETCDCTL_WATCH_RANGE_END') ?? '';
  if (key === '' && end !== '') {
    throw badArgs(`ETCDCTL_WATCH_KEY is empty but got ETCDCTL_WATCH_RANGE_END=${quote(end)}`);
  }
  return key === '' ? [] : end === '' ? [key] : [key, end];
}

/** Of the process's command line; `flags` have been parsed from it. Throws `ExitError`. */
export function commandLineWatch(
  flags: FlagSet,
  commandLine: readonly ByteString[],
  fromEnvironment: readonly ByteString[],
): WatchArgs {
  const words = commandLine.slice(commandLine.indexOf('watch') + 1);
  if (!words.includes('--') && words.length === 0 && fromEnvironment.length === 0) {
    throw badArgs(wrongCount);
  }
  return combine(flags, words, fromEnvironment);
}

/** Of a line of the interactive mode, without its first word. Throws `ExitError`, or `FlagError`. */
export function interactiveWatch(
  words: readonly ByteString[],
  fromEnvironment: readonly ByteString[],
): WatchArgs {
  const flags = new FlagSet(watchFlags);
  if (words[words.indexOf('--') + 1] === undefined && words.includes('--')) throw separatorError();
  flags.parse(words);
  if (!words.includes('--') && fromEnvironment.length === 0 && flags.args.length === 0) {
    throw badArgs(wrongCount);
  }
  return combine(flags, words, fromEnvironment);
}

function separatorError(): ExitError {
  return badArgs(lonelySeparator);
}

/** What stands after `--` is the command; what is left of the arguments are keys, unless the environment names them. */
function combine(
  flags: FlagSet,
  words: readonly ByteString[],
  fromEnvironment: readonly ByteString[],
): WatchArgs {
  const separator = words.indexOf('--');
  const command = separator < 0 ? [] : words.slice(separator + 1);
  if (separator >= 0 && command.length === 0) throw separatorError();
  const typed = flags.args.slice(0, flags.args.length - command.length);
  if (fromEnvironment.length > 0 && typed.length > 0) throw badArgs(conflict);
  return { flags, keys: [...fromEnvironment, ...typed], command };
}

export { wrongCount as wrongArgumentCount };
