/** `ETCDCTL_…` variables: values for global flags, conflicts with the command line, and names that nobody knows. */
import type { Environment } from '../context.js';
import { ExitCode, ExitError } from '../exit.js';
import { FlagError, type FlagSet } from '../grammar/flag-set.js';
import type { FlagSpec } from '../grammar/flag.js';
import { logLine } from '../log.js';

const prefix = 'ETCDCTL_';
const conflict =
  'conflicting environment variable is shadowed by corresponding command-line flag (either unset environment variable or disable flag))';

export function variableOf(flagName: string): string {
  return prefix + flagName.toUpperCase().replaceAll('-', '_');
}

/**
 * Sets inherited flags from the environment. An empty value does not set, but counts as a conflict; one that does not parse is ignored
 * (etcd pkg/flags/flag.go). `known` are variables that the command reads itself. Warnings go to `warn`.
 */
export function applyEnvironment(
  environment: Environment,
  flags: FlagSet,
  inherited: readonly FlagSpec[],
  known: readonly string[],
  warn: (line: string) => void,
): void {
  const used = new Set(known);
  const shadowed = new Set<string>();
  for (const spec of inherited) {
    const name = variableOf(spec.name);
    const value = environment.get(name) ?? '';
    if (flags.isSet(spec.name)) shadowed.add(name);
    else if (value !== '') {
      used.add(name);
      setQuietly(flags, spec, value);
    }
  }
  for (const [name, value] of environment) {
    if (!name.startsWith(prefix) || used.has(name)) continue;
    if (shadowed.has(name)) {
      warn(logLine('fatal', conflict, { 'environment-variable': name }));
      // The log line has said it: no `Error:` line.
      throw new ExitError(ExitCode.error, '');
    }
    const field = { 'environment-variable': `${name}=${value}` };
    warn(logLine('warn', 'unrecognized environment variable', field));
  }
}

function setQuietly(flags: FlagSet, spec: FlagSpec, value: string): void {
  try {
    flags.set(spec, value);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
  }
}
