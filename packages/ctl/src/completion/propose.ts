/** `__complete`: what could follow on a command line, for the completion scripts (cobra 1.10 completions.go). */
import type { ByteString } from '../bytes.js';
import { ExitCode } from '../exit.js';
import {
  UnknownCommandError,
  findCommand,
  flagSetOf,
  helpFlagName,
  inheritedFlags,
  last,
  localFlags,
  nameOf,
  type CommandPath,
  type CommandSpec,
} from '../grammar/command.js';
import { FlagError, type FlagSet } from '../grammar/flag-set.js';
import type { FlagSpec } from '../grammar/flag.js';
import type { Io } from '../io.js';

/** Whether the shell may go on with the names of files. */
type Directive = 'default' | 'noFiles';
const directives = {
  default: { code: 0, name: 'ShellCompDirectiveDefault' },
  noFiles: { code: 4, name: 'ShellCompDirectiveNoFileComp' },
} as const satisfies Readonly<Record<Directive, unknown>>;

interface Proposals {
  readonly list: readonly Proposal[];
  readonly directive: Directive;
  /** Why there are none. */
  readonly problem?: ByteString;
}
interface Proposal {
  readonly text: ByteString;
  readonly description?: ByteString;
}

/** Scripts always send a word: only people see this. */
const missingWord = `Error: requires at least 1 arg(s), only received 0
Usage:
  etcdctl __complete [command-line]

Aliases:
  __complete, __completeNoDesc

Flags:
  -h, --help   help for __complete

`;

/** `args` begin with the request's own name; the last one is the word that is being typed. */
export function propose(root: CommandSpec, args: readonly ByteString[], io: Io): ExitCode {
  const [request, ...words] = args;
  const current = words.pop();
  if (current === undefined) {
    io.stderr(missingWord);
    return ExitCode.error;
  }
  const { list, directive, problem } = proposals(root, words, current);
  if (problem !== undefined) io.stderr(`[Debug] [Error] ${problem}\n`);
  const describes = request === '__complete';
  for (const { text, description } of list) {
    io.stdout(describes && description !== undefined ? `${text}\t${description}\n` : `${text}\n`);
  }
  const { code, name } = directives[directive];
  io.stdout(`:${code}\n`);
  io.stderr(`Completion ended with directive: ${name}\n`);
  return ExitCode.success;
}

function proposals(
  root: CommandSpec,
  words: readonly ByteString[],
  current: ByteString,
): Proposals {
  try {
    const { path, args } = findCommand(root, words);
    return proposalsOf(path, args, current);
  } catch (error) {
    if (!(error instanceof UnknownCommandError)) throw error;
    return none(`unable to find a command for arguments: [${words.join(' ')}]`);
  }
}

function none(problem: ByteString): Proposals {
  return { list: [], directive: 'default', problem };
}

function proposalsOf(
  path: CommandPath,
  args: readonly ByteString[],
  current: ByteString,
): Proposals {
  const flags = flagSetOf(path);
  // After `--` nothing is a flag.
  const takesFlags = !args.includes('--');
  const value = takesFlags ? flagValue(flags, args, current) : undefined;
  const complete = value?.kind === 'separate' ? args.slice(0, -1) : args;
  try {
    flags.parse(complete);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    const line = complete.join(' ');
    return none(`Error while parsing flags from args [${line}]: ${error.message}`);
  }
  if (value?.kind === 'unknown') {
    return none(`Subcommand '${nameOf(last(path))}' does not support flag '${value.name}'`);
  }
  if (flags.bool(helpFlagName)) return { list: [], directive: 'noFiles' };
  if (value !== undefined) {
    const list = (value.flag.proposals ?? []).map((text) => ({ text }));
    return { list, directive: 'default' };
  }
  if (takesFlags && current.startsWith('-') && !current.includes('=')) {
    return { list: flagNames(path, flags, current), directive: 'noFiles' };
  }
  return argumentsOf(path, flags, current);
}

type FlagValueRequest =
  | { readonly kind: 'attached' | 'separate'; readonly flag: FlagSpec }
  | { readonly kind: 'unknown'; readonly name: ByteString };

/** The flag whose value is being typed: `--flag=val`, or `--flag` and then a word. */
function flagValue(
  flags: FlagSet,
  args: readonly ByteString[],
  current: ByteString,
): FlagValueRequest | undefined {
  if (current.startsWith('-')) {
    const equals = current.indexOf('=');
    return equals < 0 ? undefined : requestOf(flags, current.slice(0, equals), 'attached');
  }
  const before = args[args.length - 1] ?? '';
  const isFlag = /^--[^-]|^-[^-]/.test(before) && !before.includes('=');
  return isFlag ? requestOf(flags, before, 'separate') : undefined;
}

function requestOf(
  flags: FlagSet,
  word: ByteString,
  kind: 'attached' | 'separate',
): FlagValueRequest | undefined {
  const isLong = word.startsWith('--');
  const name = isLong ? word.slice(2) : word.slice(-1);
  const flag = isLong ? flags.find(name) : flags.findShorthand(name);
  if (flag === undefined) return { kind: 'unknown', name };
  // A boolean takes no word: what follows is an argument.
  return kind === 'separate' && flag.type === 'bool' ? undefined : { kind, flag };
}

/** Global flags are hidden; those that are set already are not proposed again. */
function flagNames(path: CommandPath, flags: FlagSet, current: ByteString): Proposal[] {
  const isRoot = path.length === 1;
  const inherited = inheritedFlags(path).filter((flag) => !path[0].persistentFlags?.includes(flag));
  const own = isRoot ? [] : localFlags(last(path));
  return [...sorted(inherited), ...sorted(own)]
    .filter(({ name, type }) => type === 'strings' || !flags.isSet(name))
    .flatMap(({ name, shorthand, usage }) => [
      { text: `--${name}`, description: usage },
      ...(shorthand === undefined ? [] : [{ text: `-${shorthand}`, description: usage }]),
    ])
    .filter(({ text }) => text.startsWith(current));
}

function sorted(flags: readonly FlagSpec[]): readonly FlagSpec[] {
  return [...flags].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function argumentsOf(path: CommandPath, flags: FlagSet, current: ByteString): Proposals {
  const spec = last(path);
  if (nameOf(spec) === 'help' && path.length === 2) return topics(path[0], flags.args, current);
  const isFirst = flags.args.length === 0;
  if (isFirst && spec.commands !== undefined && !hasOwnFlagSet(spec, flags)) {
    return { list: commandNames(spec, current), directive: 'noFiles' };
  }
  if (isFirst && spec.validArgs !== undefined) {
    const list = spec.validArgs
      .filter((text) => text.startsWith(current))
      .map((text) => ({ text }));
    return { list, directive: 'noFiles' };
  }
  return { list: [], directive: 'default' };
}

function hasOwnFlagSet(spec: CommandSpec, flags: FlagSet): boolean {
  return (spec.flags ?? []).some(({ name }) => flags.isSet(name));
}

function commandNames(spec: CommandSpec, current: ByteString): Proposal[] {
  return [...(spec.commands ?? [])]
    .map((command) => ({ text: nameOf(command), description: command.short }))
    .filter(({ text }) => text.startsWith(current))
    .sort((a, b) => (a.text < b.text ? -1 : 1));
}

/** Of `help`: commands again. */
function topics(root: CommandSpec, args: readonly ByteString[], current: ByteString): Proposals {
  try {
    const { path } = findCommand(root, args);
    return { list: commandNames(last(path), current), directive: 'noFiles' };
  } catch (error) {
    if (!(error instanceof UnknownCommandError)) throw error;
    return { list: [], directive: 'noFiles' };
  }
}
