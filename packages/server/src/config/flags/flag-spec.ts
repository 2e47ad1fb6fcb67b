/** What a flag is, and the table of all of them: the one place that knows names, types, defaults, units and bounds. */
import { clusteringFlags } from './clustering.js';
import { fileOnlyFlags } from './file-only.js';
import { memberFlags } from './member.js';
import {
  featureFlags,
  generalFlags,
  loggingFlags,
  monitoringFlags,
  tracingFlags,
  unsafeFlags,
} from './operations.js';
import { authFlags, securityFlags } from './security.js';

/**
 * How a value is written. `urls`: comma list of URLs, sorted; `origins`: the same, or `*`; `list`: comma list, kept as it is;
 * `set`: comma list, sorted, without duplicates; `choice` and `phase`: one or several of `choices`; `gates`: feature gates.
 */
export type FlagType =
  | 'string'
  | 'bool'
  | 'int'
  | 'uint'
  | 'u32'
  | 'u64'
  | 'i64'
  | 'duration'
  | 'urls'
  | 'origins'
  | 'list'
  | 'set'
  | 'choice'
  | 'phase'
  | 'gates';

export interface FlagSpec {
  readonly name: string;
  readonly type: FlagType;
  /** As it would be written on the command line. */
  readonly default: string;
  /** Where the configuration file has it, with dots between nested keys; empty: nowhere. */
  readonly file: string;
  readonly text: string;
  readonly unit?: string;
  readonly bounds?: string;
  readonly choices?: readonly string[];
  /** Accepted because etcd has it, but without an effect here; a start that sets it logs this reason. */
  readonly noEffect?: string;
  /** Its value is written into no log. */
  readonly isSecret?: boolean;
}

/** Any row of the table, with its name and type as literals. */
export type KnownFlag =
  | (typeof memberFlags)[number]
  | (typeof clusteringFlags)[number]
  | (typeof securityFlags)[number]
  | (typeof authFlags)[number]
  | (typeof monitoringFlags)[number]
  | (typeof loggingFlags)[number]
  | (typeof tracingFlags)[number]
  | (typeof featureFlags)[number]
  | (typeof unsafeFlags)[number]
  | (typeof generalFlags)[number]
  | (typeof fileOnlyFlags)[number];

export interface FlagGroup {
  readonly heading: string;
  readonly flags: readonly KnownFlag[];
}

/** Groups of the help, in its order. */
export const flagGroups: readonly FlagGroup[] = [
  { heading: 'Member', flags: memberFlags },
  { heading: 'Clustering', flags: clusteringFlags },
  { heading: 'Security', flags: securityFlags },
  { heading: 'Auth', flags: authFlags },
  { heading: 'Profiling and Monitoring', flags: monitoringFlags },
  { heading: 'Logging', flags: loggingFlags },
  { heading: 'Distributed tracing', flags: tracingFlags },
  { heading: 'Features', flags: featureFlags },
  { heading: 'Unsafe feature', flags: unsafeFlags },
];

/** Names of the flags of a type. */
export type NameOf<T extends FlagType> = Extract<KnownFlag, { readonly type: T }>['name'];

/** Those that the command line and the environment have. */
export const commandFlags: readonly KnownFlag[] = [
  ...flagGroups.flatMap((group) => group.flags),
  ...generalFlags,
];

export const allFlags: readonly KnownFlag[] = [...commandFlags, ...fileOnlyFlags];

export const flagByName: ReadonlyMap<string, FlagSpec> = new Map(
  commandFlags.map((flag): [string, FlagSpec] => [flag.name, flag]),
);

/** Flags of old versions: parsed as booleans, so that old scripts start, and ignored (daemon.md §7). */
export const ignoredFlags: ReadonlySet<string> = new Set([
  'cluster-active-size',
  'cluster-remove-delay',
  'cluster-sync-interval',
  'config',
  'force',
  'max-result-buffer',
  'max-retry-attempts',
  'peer-heartbeat-interval',
  'peer-election-timeout',
  'retry-interval',
  'snapshot',
  'v',
  'vv',
  'test.coverprofile',
  'test.outputdir',
]);
