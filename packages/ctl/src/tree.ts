/** Every command of kvctl: usage, help texts and flags as etcdctl 3.7.1 has them, in its order (suggestions follow it). */
import { globalFlags } from './global/flags.js';
import type { ByteString } from './bytes.js';
import { quote } from './go/quote.js';
import { pathText, type CommandPath, type CommandSpec } from './grammar/command.js';
import { FlagError } from './grammar/flag-set.js';
import type { FlagSpec } from './grammar/flag.js';
import {
  authCommand,
  checkCommand,
  downgradeCommand,
  memberCommand,
  roleCommand,
  snapshotCommand,
  userCommand,
} from './tree-admin.js';
import { bool, consistency, int, string } from './tree-flags.js';
import {
  authentication,
  clusterMaintenance,
  concurrency,
  keyValue,
  utility,
} from './tree-groups.js';
import * as text from './tree-text.js';

const cluster = bool('cluster', 'use all endpoints from the cluster member list');

const getFlags: readonly FlagSpec[] = [
  { ...consistency, proposals: ['l', 's'] },
  {
    ...string('order', 'Order of results; ASCEND or DESCEND (ASCEND by default)'),
    proposals: ['ASCEND', 'DESCEND'],
  },
  {
    ...string('sort-by', 'Sort target; CREATE, KEY, MODIFY, VALUE, or VERSION'),
    proposals: ['CREATE', 'KEY', 'MODIFY', 'VALUE', 'VERSION'],
  },
  int('limit', 'Maximum number of results'),
  bool('prefix', 'Get keys with matching prefix'),
  bool('from-key', 'Get keys that are greater than or equal to the given key using byte compare'),
  int('rev', 'Specify the kv revision'),
  bool('keys-only', 'Get only the keys'),
  bool('count-only', 'Get only the count'),
  bool('print-value-only', 'Only write values when using the "simple" output format'),
  int('min-create-rev', 'Minimum create revision'),
  int('max-create-rev', 'Maximum create revision'),
  int('min-mod-rev', 'Minimum modification revision'),
  int('max-mod-rev', 'Maximum modification revision'),
  bool('stream', 'Use the RangeStream RPC'),
];
const putFlags: readonly FlagSpec[] = [
  string('lease', 'lease ID (in hexadecimal) to attach to the key', '0'),
  bool('prev-kv', 'return the previous key-value pair before modification'),
  bool('ignore-value', 'updates the key using its current value'),
  bool('ignore-lease', 'updates the key using its current lease'),
];
export const delFlags: readonly FlagSpec[] = [
  bool('prefix', 'delete keys with matching prefix'),
  bool('prev-kv', 'return deleted key-value pairs'),
  bool(
    'from-key',
    'delete keys that are greater than or equal to the given key using byte compare',
  ),
  bool('range', 'delete range of keys'),
];
export const watchFlags: readonly FlagSpec[] = [
  bool('interactive', 'Interactive mode', 'i'),
  bool('prefix', 'Watch on a prefix if prefix is set'),
  int('rev', 'Revision to start watching'),
  bool('prev-kv', 'get the previous key-value pair before the event happens'),
  bool('progress-notify', 'get periodic watch progress notification from server'),
];

export const getCommand: CommandSpec = {
  use: 'get [options] <key> [range_end]',
  short: 'Gets the key or a range of keys',
  group: keyValue,
  flags: getFlags,
  load: () => import('./commands/get.js'),
};
export const putCommand: CommandSpec = {
  use: 'put [options] <key> <value> (<value> can also be given from stdin)',
  short: 'Puts the given key into the store',
  long: text.put,
  group: keyValue,
  flags: putFlags,
  load: () => import('./commands/put.js'),
};
export const delCommand: CommandSpec = {
  use: 'del [options] <key> [range_end]',
  short: 'Removes the specified key or range of keys [key, range_end)',
  group: keyValue,
  flags: [...delFlags, bool('dry-run', 'tell what would be deleted, and delete nothing')],
  load: () => import('./commands/del.js'),
};

const leaseCommand: CommandSpec = {
  use: 'lease <subcommand>',
  short: 'Lease related commands. Use `etcdctl lease --help` to see subcommands',
  long: 'Lease related commands',
  group: keyValue,
  commands: [
    {
      use: 'grant <ttl>',
      short: 'Creates leases',
      load: () => import('./commands/lease-grant.js'),
    },
    {
      use: 'revoke <leaseID>',
      short: 'Revokes leases',
      load: () => import('./commands/lease-revoke.js'),
    },
    {
      use: 'timetolive <leaseID> [options]',
      short: 'Get lease information',
      flags: [bool('keys', 'Get keys attached to this lease')],
      load: () => import('./commands/lease-timetolive.js'),
    },
    {
      use: 'list',
      short: 'List all active leases',
      load: () => import('./commands/lease-list.js'),
    },
    {
      use: 'keep-alive [options] <leaseID>',
      short: 'Keeps leases alive (renew)',
      flags: [
        bool(
          'once',
          'Resets the keep-alive time to its original value and cobrautl.Exits immediately',
        ),
      ],
      load: () => import('./commands/lease-keep-alive.js'),
    },
  ],
};

const endpointCommand: CommandSpec = {
  use: 'endpoint <subcommand>',
  short: 'Endpoint related commands. Use `etcdctl endpoint --help` to see subcommands',
  long: 'Endpoint related commands',
  group: clusterMaintenance,
  persistentFlags: [cluster],
  commands: [
    {
      use: 'health',
      short: 'Checks the healthiness of endpoints specified in `--endpoints` flag',
      load: () => import('./commands/endpoint-health.js'),
    },
    {
      use: 'status',
      short: 'Prints out the status of endpoints specified in `--endpoints` flag',
      long: text.endpointStatus,
      load: () => import('./commands/endpoint-status.js'),
    },
    {
      use: 'hashkv',
      short: 'Prints the KV history hash for each endpoint in --endpoints',
      persistentFlags: [int('rev', 'maximum revision to hash (default: latest revision)')],
      load: () => import('./commands/endpoint-hashkv.js'),
    },
  ],
};

const alarmCommand: CommandSpec = {
  use: 'alarm <subcommand>',
  short: 'Alarm related commands. Use `etcdctl alarm --help` to see subcommands',
  long: 'Alarm related commands',
  group: clusterMaintenance,
  commands: [
    {
      use: 'disarm',
      short: 'Disarms all alarms',
      load: () => import('./commands/alarm-disarm.js'),
    },
    { use: 'list', short: 'Lists all alarms', load: () => import('./commands/alarm-list.js') },
  ],
};

const mirrorFlags: readonly FlagSpec[] = [
  string('prefix', 'Key-value prefix to mirror'),
  int('rev', 'Specify the kv revision to start to mirror'),
  {
    name: 'max-txn-ops',
    type: 'uint',
    default: 128n,
    usage: 'Maximum number of operations permitted in a transaction during syncing updates.',
  },
  string(
    'dest-prefix',
    'destination prefix to mirror a prefix to a different prefix in the destination cluster',
  ),
  bool('no-dest-prefix', 'mirror key-values to the root of the destination cluster'),
  string(
    'dest-cert',
    'Identify secure client using this TLS certificate file for the destination cluster',
  ),
  string('dest-key', 'Identify secure client using this TLS key file'),
  string('dest-cacert', 'Verify certificates of TLS enabled secure servers using this CA bundle'),
  {
    name: 'dest-insecure-transport',
    type: 'bool',
    default: true,
    usage: 'Disable transport security for client connections',
  },
  string(
    'dest-user',
    'Destination username[:password] for authentication (prompt if password is not supplied)',
  ),
  string(
    'dest-password',
    "Destination password for authentication (if this option is used, --user option shouldn't include password)",
  ),
];

const shells: readonly string[] = ['bash', 'zsh', 'fish', 'powershell'];

function onlyValidArgument(args: readonly ByteString[], path: CommandPath): void {
  const [shell] = args;
  if (shell === undefined || args.length !== 1) {
    throw new FlagError(`accepts 1 arg(s), received ${args.length}`);
  }
  if (shells.includes(shell)) return;
  throw new FlagError(`invalid argument ${quote(shell)} for ${quote(pathText(path))}`);
}

/** The root. */
export const commandTree: CommandSpec = {
  use: 'etcdctl',
  short: 'A simple command line client for etcd3.',
  persistentFlags: globalFlags,
  groups: [keyValue, clusterMaintenance, concurrency, authentication, utility],
  commands: [
    getCommand,
    putCommand,
    delCommand,
    {
      use: 'txn [options]',
      short: 'Txn processes all the requests in one transaction',
      long: text.txn,
      group: keyValue,
      flags: [
        bool('interactive', 'Input transaction in interactive mode', 'i'),
        bool('dry-run', 'make the comparisons, tell what would follow, and change nothing'),
      ],
      load: () => import('./commands/txn.js'),
    },
    {
      use: 'compaction [options] <revision>',
      short: 'Compacts the event history in etcd',
      group: keyValue,
      flags: [
        bool('physical', "'true' to wait for compaction to physically remove all old revisions"),
      ],
      load: () => import('./commands/compaction.js'),
    },
    alarmCommand,
    {
      use: 'defrag',
      short: 'Defragments the storage of the etcd members with given endpoints',
      group: clusterMaintenance,
      persistentFlags: [cluster],
      load: () => import('./commands/defrag.js'),
    },
    endpointCommand,
    {
      use: 'move-leader <transferee-member-id>',
      short: 'Transfers leadership to another etcd cluster member.',
      group: clusterMaintenance,
      load: () => import('./commands/move-leader.js'),
    },
    {
      use: 'watch [options] [key or prefix] [range_end] [--] [exec-command arg1 arg2 ...]',
      short: 'Watches events stream on keys or prefixes',
      group: keyValue,
      flags: watchFlags,
      load: () => import('./commands/watch.js'),
    },
    {
      use: 'version',
      short: 'Prints the version of etcdctl',
      group: utility,
      load: () => import('./commands/version.js'),
    },
    leaseCommand,
    memberCommand,
    snapshotCommand,
    {
      use: 'make-mirror [options] <destination>',
      short: 'Makes a mirror at the destination etcd cluster',
      group: utility,
      flags: mirrorFlags,
      load: () => import('./commands/make-mirror.js'),
    },
    {
      use: 'lock <lockname> [exec-command arg1 arg2 ...]',
      short: 'Acquires a named lock',
      group: concurrency,
      flags: [{ name: 'ttl', type: 'int', default: 10n, usage: 'timeout for session' }],
      load: () => import('./commands/lock.js'),
    },
    {
      use: 'elect <election-name> [proposal]',
      short: 'Observes and participates in leader election',
      group: concurrency,
      flags: [bool('listen', 'observation mode', 'l')],
      load: () => import('./commands/elect.js'),
    },
    authCommand,
    userCommand,
    roleCommand,
    checkCommand,
    {
      use: 'completion [bash|zsh|fish|powershell]',
      short: 'Generate completion script',
      long: text.completion,
      group: utility,
      plainUse: true,
      validArgs: shells,
      checkArgs: onlyValidArgument,
      load: () => import('./commands/completion.js'),
    },
    downgradeCommand,
    {
      use: 'options',
      short: 'Show the global command-line flags',
      group: utility,
      load: () => import('./commands/options.js'),
    },
    {
      use: 'help [command]',
      short: 'Help about any command',
      long: text.help,
      group: utility,
      load: () => import('./commands/help.js'),
    },
  ],
};
