/** Variables `ETCD_<FLAG>`, which count when there is no configuration file (daemon.md §4). */
import { commandFlags } from './flags/flag-spec.js';
import { shown } from './secrets.js';
import { quote } from './go-values.js';
import { invalid } from './report.js';
import type { Note, Problem } from './report.js';
import type { Settings } from './settings.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** `listen-client-urls` is `ETCD_LISTEN_CLIENT_URLS`. */
export function variableOf(flagName: string): string {
  return `ETCD_${flagName.toUpperCase().replaceAll('-', '_')}`;
}

/** Variables that mean something to the daemon, but are no flags. */
const otherVariables: ReadonlySet<string> = new Set(['ETCD_UNSUPPORTED_ARCH', 'ETCD_VERIFY']);

/** Fills `settings` from variables whose flags were not given on the command line. */
export function applyEnvironment(
  environment: Environment,
  settings: Settings,
  notes: Note[],
  problems: Problem[],
): void {
  const used = new Set<string>();
  const onCommandLine = new Set(
    commandFlags.filter((flag) => settings.given(flag.name)).map((flag) => flag.name),
  );
  for (const flag of commandFlags) {
    const name = variableOf(flag.name);
    const value = environment[name];
    // A variable named like --version is common and never meant as one.
    if (flag.name === 'version' || value === undefined || value === '') continue;
    used.add(name);
    if (onCommandLine.has(flag.name)) continue;
    const reason = settings.set(flag, value);
    if (reason !== undefined) {
      problems.push(invalid(`invalid value ${quote(value)} for ${name}: ${reason}`));
    }
    notes.push({
      level: 'info',
      message: 'recognized and used environment variable',
      fields: { 'variable-name': name, 'variable-value': shown(flag, value) },
    });
  }
  reportOthers(environment, onCommandLine, used, notes, problems);
}

function reportOthers(
  environment: Environment,
  onCommandLine: ReadonlySet<string>,
  used: ReadonlySet<string>,
  notes: Note[],
  problems: Problem[],
): void {
  const shadowed = new Set(Array.from(onCommandLine, variableOf));
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith('ETCD_') || value === undefined) continue;
    if (shadowed.has(name)) {
      problems.push({
        type: 'fatal',
        message:
          'conflicting environment variable is shadowed by corresponding command-line flag (either unset environment variable or disable flag))',
        fields: { 'environment-variable': name },
      });
    } else if (name === 'ETCD_VERSION') {
      notes.push({
        level: 'warn',
        message: 'cannot set special environment variable',
        fields: { key: name, value },
      });
    } else if (!used.has(name) && !otherVariables.has(name)) {
      notes.push({
        level: 'warn',
        message: 'unrecognized environment variable',
        fields: { 'environment-variable': `${name}=${value}` },
      });
    }
  }
}
