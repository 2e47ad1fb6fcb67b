/** What `--help` and syntax errors print, and what `--version` prints. */
import { flagGroups } from './flags/flag-spec.js';
import type { FlagSpec } from './flags/flag-spec.js';

/** The API that this server speaks, which is etcd's version. */
export const etcdVersion = '3.7.1';

/** Printed on stderr for `--help` and after every syntax error. */
export const synopsis = `Usage:

  etcd [flags]
    Start an etcd server.

  etcd --version
    Show the version of etcd.

  etcd -h | --help
    Show the help information about etcd.

  etcd --config-file
    Path of a configuration file (YAML or JSON). With a file, all other flags and all variables are ignored.
    Durations in the file are whole nanoseconds (600000000000 for 10m); words like "10m" are for the command line only.
    --heartbeat-interval and --election-timeout are milliseconds in both.

  etcd gateway
    Run the stateless pass-through TCP proxy (not supported yet).

  etcd grpc-proxy
    Run the stateless gRPC proxy (not supported yet).

`;

function describe(flag: FlagSpec): string {
  const limits = [flag.unit, flag.bounds].filter((part) => part !== undefined).join('; ');
  const suffix = limits === '' ? '' : ` (${limits})`;
  const effect = flag.noEffect === undefined ? '' : ` No effect here: ${flag.noEffect}.`;
  return `  --${flag.name} '${flag.default}'\n    ${flag.text}${suffix}${effect}\n`;
}

/** Printed on stdout for `--help`: every flag, its default, its unit and its bounds. */
export function flagListing(): string {
  const groups = flagGroups.map((group) => {
    const flags: readonly FlagSpec[] = group.flags;
    return `${group.heading}:\n${flags.map(describe).join('')}\n`;
  });
  return `\n${groups.join('')}CAUTION: the last group may break the guarantees that the other flags keep.\n`;
}

/** The process that runs, as `--version` tells of it. */
export interface Runtime {
  readonly packageVersion: string;
  /** As Node prints its own: `v26.10.0`. */
  readonly nodeVersion: string;
  readonly platform: string;
  readonly arch: string;
}

const goArch: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' };
const goPlatform: Readonly<Record<string, string>> = { win32: 'windows' };

/** The name that etcd has for this processor, which decides whether it is supported. */
export const goArchOf = (arch: string): string => goArch[arch] ?? arch;
export const goPlatformOf = (platform: string): string => goPlatform[platform] ?? platform;

/** etcd's four lines, and one about ourselves. */
export function versionText(runtime: Runtime): string {
  const { packageVersion, nodeVersion, platform, arch } = runtime;
  return [
    `etcd Version: ${etcdVersion}`,
    'Git SHA: Not provided (use ./build instead of go build)',
    `Go Version: node${nodeVersion.replace(/^v/, '')}`,
    `Go OS/Arch: ${goPlatformOf(platform)}/${goArchOf(arch)}`,
    `Package Version: ${packageVersion}`,
    '',
  ].join('\n');
}
