/** Help pages and the usage text that follows a mistake, as cobra 1.10 lays them out. */
import {
  inheritedFlags,
  last,
  localFlags,
  nameOf,
  pathText,
  type CommandPath,
  type CommandSpec,
} from './command.js';
import { defaultText, valueName, type FlagSpec } from './flag.js';

/** Names in lists are padded to this, or to the longest name of their siblings. */
const namePaddingMin = 11;
const optionsHint =
  'Use "etcdctl options" for a list of global command-line options (applies to all commands).\n';

/** The page of `--help`. */
export function helpText(path: CommandPath): string {
  const spec = last(path);
  const description = (spec.long ?? spec.short).trimEnd();
  return `${description}\n\n${usageText(path)}${optionsHint}`;
}

/** What `options` prints of the flags. */
export function flagUsages(flags: readonly FlagSpec[]): string {
  const sorted = [...flags].sort((a, b) => (a.name < b.name ? -1 : 1));
  const heads = sorted.map(head);
  const width = Math.max(0, ...heads.map((text) => text.length));
  return sorted
    .map((spec, i) => `${(heads[i] ?? '').padEnd(width)}   ${spec.usage}${defaultText(spec)}\n`)
    .join('');
}

function head(spec: FlagSpec): string {
  const name =
    spec.shorthand === undefined ? `      --${spec.name}` : `  -${spec.shorthand}, --${spec.name}`;
  const value = valueName(spec);
  return value === '' ? name : `${name} ${value}`;
}

export function usageText(path: CommandPath): string {
  const spec = last(path);
  const isRoot = path.length === 1;
  // Every global flag is hidden; so is the help flag of the root.
  const local = isRoot ? [] : localFlags(spec);
  const inherited = inheritedFlags(path).filter((flag) => !path[0].persistentFlags?.includes(flag));
  let text = 'Usage:';
  if (spec.load !== undefined) text += `\n  ${useLine(path, local.length > 0)}`;
  if (spec.commands !== undefined) text += `\n  ${pathText(path)} [command]`;
  if (spec.examples !== undefined) text += `\n\nExamples:\n${spec.examples}`;
  if (spec.commands !== undefined) text += commandLists(path, spec.commands);
  if (local.length > 0) text += `\n\nFlags:\n${flagUsages(local).trimEnd()}`;
  if (inherited.length > 0) text += `\n\nGlobal Flags:\n${flagUsages(inherited).trimEnd()}`;
  if (spec.commands !== undefined) {
    text += `\n\nUse "${pathText(path)} [command] --help" for more information about a command.`;
  }
  return `${text}\n`;
}

function useLine(path: CommandPath, hasFlags: boolean): string {
  const parents = path.slice(0, -1).map(nameOf);
  const line = [...parents, last(path).use].join(' ');
  const isComplete = last(path).plainUse === true || !hasFlags || line.includes('[flags]');
  return isComplete ? line : `${line} [flags]`;
}

function commandLists(path: CommandPath, commands: readonly CommandSpec[]): string {
  const sorted = [...commands].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const padding = Math.max(namePaddingMin, ...sorted.map((command) => nameOf(command).length));
  const lines = (list: readonly CommandSpec[]): string =>
    list.map((command) => `\n  ${nameOf(command).padEnd(padding)} ${command.short}`).join('');
  if (path.length > 1) return `\n\nAvailable Commands:${lines(sorted)}`;
  return (path[0].groups ?? [])
    .map((group) => `\n\n${group}${lines(sorted.filter((command) => command.group === group))}`)
    .join('');
}
