/** The configuration file (daemon.md §5): YAML, keys named like flags, a few nested, with etcd's texts for wrong types. */
import { LineCounter, isAlias, parseDocument, visit } from 'yaml';
import type { Document } from 'yaml';
import { allFlags } from './flags/flag-spec.js';
import type { FlagSpec, KnownFlag } from './flags/flag-spec.js';
import { invalid } from './report.js';
import type { Note, Problem } from './report.js';
import { asSet } from './settings.js';
import type { Settings } from './settings.js';

/** Keys that etcd reads and that change nothing here: what discovery says is short, and clients may call from anywhere. */
const withoutEffect: ReadonlySet<string> = new Set([
  'client-transport-security.skip-client-san-verification',
  'discovery-config.client.max-request-bytes',
  'discovery-config.client.max-recv-bytes',
]);

/** Keys that hold other keys. */
const sections: ReadonlySet<string> = new Set(
  [...allFlags.map((flag) => flag.file), ...withoutEffect].flatMap((path) => {
    const parts = path.split('.');
    return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('.'));
  }),
);

/** Lists that the file writes as YAML lists; every other list is one string, as on the command line. */
const yamlLists: ReadonlySet<string> = new Set([
  'cipher-suites',
  'log-outputs',
  'discovery-endpoints',
  'client-cert-allowed-cn',
  'client-cert-allowed-hostname',
  'peer-cert-allowed-cn',
  'peer-cert-allowed-hostname',
]);

/** No configuration needs more; nine aliases in nine lists, nine levels deep, would fill the memory. */
const ALIASES_MAX = 10;

interface Outcome {
  readonly notes: Note[];
  readonly problems: Problem[];
}

/** Fills `settings` from the text of the file. */
export function applyConfigFile(text: string, settings: Settings, outcome: Outcome): void {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, intAsBigInt: true, merge: true });
  // A warning is a tag that nobody knows; whatever it meant, it is not what it would be read as.
  const syntax = document.errors[0] ?? document.warnings[0];
  if (syntax !== undefined) {
    const line = lines.linePos(syntax.pos[0]).line;
    const what = syntax.message.split('\n')[0]?.replace(/ at line .*$/, '') ?? '';
    outcome.problems.push(
      invalid(`error converting YAML to JSON: yaml: line ${line.toString()}: ${what}`),
    );
    return;
  }
  if (aliasCount(document) > ALIASES_MAX) {
    outcome.problems.push(invalid('yaml: document contains excessive aliasing'));
    return;
  }
  const root: unknown = document.toJS({ maxAliasCount: -1 });
  if (root === null || root === undefined) return;
  if (typeof root !== 'object' || Array.isArray(root)) {
    outcome.problems.push(wrongType(jsonKind(root), '', 'embed.configYAML'));
    return;
  }
  const known = new Map(
    allFlags.filter((flag) => flag.file !== '').map((flag) => [flag.file, flag]),
  );
  applySection(entriesOf(root), '', known, settings, outcome);
}

function aliasCount(document: Document): number {
  let count = 0;
  visit(document, (_, node) => {
    if (isAlias(node)) count += 1;
  });
  return count;
}

const entriesOf = (section: object): readonly (readonly [string, unknown])[] =>
  Object.entries(section);

function applySection(
  entries: readonly (readonly [string, unknown])[],
  prefix: string,
  known: ReadonlyMap<string, KnownFlag>,
  settings: Settings,
  outcome: Outcome,
): void {
  for (const [key, value] of entries) {
    const path = prefix + key;
    const flag = known.get(path);
    if (value === null) continue;
    if (sections.has(path)) {
      if (typeof value === 'object' && !Array.isArray(value)) {
        applySection(entriesOf(value), `${path}.`, known, settings, outcome);
      } else {
        outcome.problems.push(wrongType(jsonKind(value), path, sectionTypes[path] ?? 'object'));
      }
    } else if (flag !== undefined) {
      applyValue(flag, value, settings, outcome);
    } else if (!withoutEffect.has(path)) {
      // etcd says nothing; a mistyped key would then be a default that nobody chose.
      outcome.notes.push({
        level: 'warn',
        message: 'unrecognized key in configuration file',
        fields: { key: path },
      });
    }
  }
}

function applyValue(
  flag: KnownFlag,
  value: unknown,
  settings: Settings,
  { problems }: Outcome,
): void {
  if (yamlLists.has(flag.name)) {
    if (!Array.isArray(value)) {
      problems.push(wrongType(jsonKind(value), flag.file, '[]string'));
      return;
    }
    const bad: unknown = value.find((item) => typeof item !== 'string');
    if (bad !== undefined) {
      problems.push(wrongType(jsonKind(bad), flag.file, 'string'));
      return;
    }
    const items = value.map(String);
    if (flag.type === 'list') settings.setList(flag.name, items);
    if (flag.type === 'set') settings.setList(flag.name, asSet(items));
    return;
  }
  const text = textOf(flag, value);
  if (text === undefined) {
    // Go quotes a number that does not fit a numeric field, and only then.
    const kind =
      typeof value === 'number' && isNumeric(flag) ? `number ${value.toString()}` : jsonKind(value);
    problems.push(wrongType(kind, flag.file, goType(flag)));
    return;
  }
  applyText(flag, text, value, settings, problems);
}

function applyText(
  flag: KnownFlag,
  text: string,
  value: unknown,
  settings: Settings,
  problems: Problem[],
): void {
  // These two are not checked here by etcd: a bad state is found later, a bad origin never matches.
  if (flag.type === 'choice') {
    settings.setText(flag.name, text === '' ? flag.default : text);
    return;
  }
  if (flag.type === 'origins') {
    settings.setList(flag.name, asSet(text.split(',')));
    return;
  }
  const reason = settings.set(flag, text);
  if (reason === undefined) return;
  if (flag.type === 'urls') {
    // etcd names the wrong key for this one.
    const key = flag.name === 'advertise-client-urls' ? 'advertise-peer-urls' : flag.name;
    problems.push({ type: 'printed', text: `unexpected error setting up ${key}: ${reason}` });
  } else if (typeof value === 'bigint') {
    problems.push(wrongType(`number ${value.toString()}`, flag.file, goType(flag)));
  } else {
    problems.push(invalid(reason));
  }
}

/** The value as it would be written on the command line; undefined when its type is wrong. */
function textOf(flag: FlagSpec, value: unknown): string | undefined {
  switch (flag.type) {
    case 'bool':
      return typeof value === 'boolean' ? String(value) : undefined;
    case 'int':
    case 'uint':
    case 'u32':
    case 'u64':
    case 'i64':
      return typeof value === 'bigint' ? value.toString() : undefined;
    case 'duration':
      return typeof value === 'bigint' ? `${value.toString()}ns` : undefined;
    case 'string':
    case 'urls':
    case 'origins':
    case 'list':
    case 'set':
    case 'choice':
    case 'phase':
    case 'gates':
      return typeof value === 'string' ? value : undefined;
  }
}

/** Whether Go's field is a number; durations are. */
const isNumeric = (flag: FlagSpec): boolean => /^(u?int|time)/.test(goType(flag));

function goType(flag: FlagSpec): string {
  switch (flag.type) {
    case 'int':
      return 'int';
    case 'uint':
      return 'uint';
    case 'u32':
      return 'uint32';
    case 'u64':
      return 'uint64';
    case 'i64':
      return 'int64';
    case 'bool':
      return 'bool';
    case 'duration':
      return 'time.Duration';
    case 'string':
    case 'urls':
    case 'origins':
    case 'list':
    case 'set':
    case 'choice':
    case 'gates':
      return 'string';
    case 'phase':
      return 'config.V2DeprecationEnum';
  }
}

/** What Go's JSON decoder calls a value that it can not use. */
function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    case 'bigint':
    case 'number':
      return 'number';
    default:
      return 'object';
  }
}

/** Go's names for the sections and for what holds their fields; they are part of the error texts. */
const sectionTypes: Readonly<Record<string, string>> = {
  'client-transport-security': 'embed.securityConfig',
  'peer-transport-security': 'embed.securityConfig',
  'socket-options': 'transport.SocketOpts',
  'discovery-config': 'v3discovery.DiscoveryConfig',
  'discovery-config.client': 'clientv3.ConfigSpec',
  'discovery-config.client.secure': 'clientv3.SecureConfig',
  'discovery-config.client.auth': 'clientv3.AuthConfig',
};

/** Keys that etcd unmarshals by way of a struct of strings. */
const viaStrings =
  /(-(peer|client|client-http)-urls$|^cors$|^host-whitelist$|-transport-security|^feature-gates$)/;

function wrongType(kind: string, path: string, type: string): Problem {
  const dot = path.lastIndexOf('.');
  const section = dot < 0 ? undefined : sectionTypes[path.slice(0, dot)];
  const owner = section?.split('.')[1] ?? 'configYAML';
  const struct = viaStrings.test(path) ? 'configJSON' : 'Config';
  const field = path === '' ? 'Go value' : `Go struct field ${owner}.${struct}.${path}`;
  return invalid(
    `error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${kind} into ${field} of type ${type}`,
  );
}
