/** Commands as data, and how the words of a command line lead to one (cobra 1.10's search, prefixes and suggestions). */
import type { ByteString } from '../bytes.js';
import { quote } from '../go/quote.js';
import type { CommandModule } from '../context.js';
import { FlagSet } from './flag-set.js';
import type { FlagSpec } from './flag.js';

export interface CommandSpec {
  /** Usage line; its first word is the name. */
  readonly use: string;
  readonly short: string;
  readonly long?: string;
  /** Title under which the parent's help lists it. */
  readonly group?: string;
  /** Titles of the groups, in the order of help. */
  readonly groups?: readonly string[];
  /** Flags of this command only. */
  readonly flags?: readonly FlagSpec[];
  /** Flags of this command and all below it. */
  readonly persistentFlags?: readonly FlagSpec[];
  readonly commands?: readonly CommandSpec[];
  /** Lines of examples in help, indented. */
  readonly examples?: string;
  /** First arguments that the command takes; shells propose them. */
  readonly validArgs?: readonly string[];
  /** Absent: the command only groups others. */
  readonly load?: () => Promise<CommandModule>;
  /** The usage line stays as it is, without ` [flags]`. */
  readonly plainUse?: boolean;
  /** Throws `FlagError` for arguments that the grammar itself refuses. */
  readonly checkArgs?: (args: readonly ByteString[], path: CommandPath) => void;
}

/** A command with its parents: the root first. */
export type CommandPath = readonly [CommandSpec, ...CommandSpec[]];

export const helpFlagName = 'help';

export function nameOf(spec: CommandSpec): string {
  return spec.use.split(' ', 1)[0] ?? '';
}

export function pathText(path: CommandPath): string {
  return path.map(nameOf).join(' ');
}

export function last(path: CommandPath): CommandSpec {
  return path[path.length - 1] ?? path[0];
}

/** `-h, --help` of a command; the root has one too, which help does not show. */
function helpFlag(spec: CommandSpec): FlagSpec {
  return {
    name: helpFlagName,
    shorthand: 'h',
    type: 'bool',
    default: false,
    usage: `help for ${nameOf(spec)}`,
  };
}

/** Own flags, persistent ones included, and help. */
export function localFlags(spec: CommandSpec): readonly FlagSpec[] {
  return [...(spec.flags ?? []), ...(spec.persistentFlags ?? []), helpFlag(spec)];
}

/** Persistent flags of the parents, nearest first. */
export function inheritedFlags(path: CommandPath): readonly FlagSpec[] {
  return path
    .slice(0, -1)
    .reverse()
    .flatMap((parent) => parent.persistentFlags ?? []);
}

export function flagSetOf(path: CommandPath): FlagSet {
  return new FlagSet([...localFlags(last(path)), ...inheritedFlags(path)]);
}

export interface Found {
  readonly path: CommandPath;
  /** The command line without the names of the commands. */
  readonly args: readonly ByteString[];
}

/** Nothing of that name under the root. The message is cobra's, suggestions included. */
export class UnknownCommandError extends Error {
  override readonly name: string = 'UnknownCommandError';
}

/** Goes down the tree as long as a word names a sub-command. Throws `UnknownCommandError`. */
export function findCommand(root: CommandSpec, args: readonly ByteString[]): Found {
  let path: CommandPath = [root];
  let rest = args;
  for (;;) {
    const flags = flagSetOf(path);
    const word = firstWord(rest, flags);
    const next = word === undefined ? undefined : matching(last(path), word);
    if (word !== undefined && next !== undefined) {
      path = [...path, next];
      rest = without(rest, word, flags);
      continue;
    }
    if (word !== undefined && path.length === 1) {
      throw new UnknownCommandError(
        `unknown command ${quote(word)} for ${quote(nameOf(root))}${suggestions(root, word)}`,
      );
    }
    return { path, args: rest };
  }
}

/** The only sub-command that the word names or begins. */
function matching(spec: CommandSpec, word: ByteString): CommandSpec | undefined {
  const children = spec.commands ?? [];
  const exact = children.find((child) => nameOf(child) === word);
  if (exact !== undefined) return exact;
  const prefixed = children.filter((child) => nameOf(child).startsWith(word));
  return prefixed.length === 1 ? prefixed[0] : undefined;
}

/** Whether the next argument is this flag's value. Unknown flags are taken to have one, as cobra does. */
function takesValue(arg: ByteString, flags: FlagSet): boolean {
  if (arg.includes('=')) return false;
  if (arg.startsWith('--')) return flags.find(arg.slice(2))?.type !== 'bool';
  return (
    arg.length === 2 && arg.startsWith('-') && flags.findShorthand(arg.charAt(1))?.type !== 'bool'
  );
}

/** The first argument that is neither a flag nor the value of one; cobra's `stripFlags`, which stops when a value would be the last argument. */
function firstWord(args: readonly ByteString[], flags: FlagSet): ByteString | undefined {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (arg === '--') return undefined;
    if (takesValue(arg, flags)) {
      if (args.length - i - 1 <= 1) return undefined;
      i += 1;
    } else if (arg !== '' && !arg.startsWith('-')) return arg;
  }
  return undefined;
}

/** The arguments without the first one that is `word` and no flag's value; cobra's `argsMinusFirstX`. */
function without(args: readonly ByteString[], word: ByteString, flags: FlagSet): ByteString[] {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (arg === '--') break;
    if (takesValue(arg, flags)) i += 1;
    else if (!arg.startsWith('-') && arg === word)
      return [...args.slice(0, i), ...args.slice(i + 1)];
  }
  return [...args];
}

const suggestionDistanceMax = 2;

function suggestions(spec: CommandSpec, word: ByteString): string {
  const lower = word.toLowerCase();
  const names = (spec.commands ?? [])
    .map(nameOf)
    .filter((name) => editDistance(lower, name) <= suggestionDistanceMax || name.startsWith(lower));
  return names.length === 0
    ? ''
    : `\n\nDid you mean this?\n${names.map((name) => `\t${name}\n`).join('')}`;
}

/** Levenshtein's. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
