/** The commands of administration, each a group with sub-commands: members, users, roles and the like. As `tree.ts`. */
import type { CommandSpec } from './grammar/command.js';
import type { FlagSpec } from './grammar/flag.js';
import { bool, consistency, string } from './tree-flags.js';
import { authentication, clusterMaintenance, utility } from './tree-groups.js';
import * as text from './tree-text.js';

export const memberCommand: CommandSpec = {
  use: 'member <subcommand>',
  short: 'Membership related commands. Use `etcdctl member --help` to see subcommands',
  long: 'Membership related commands',
  group: clusterMaintenance,
  commands: [
    {
      use: 'add <memberName> [options]',
      short: 'Adds a member into the cluster',
      flags: [
        string('peer-urls', 'comma separated peer URLs for the new member.'),
        bool('learner', 'indicates if the new member is raft learner'),
      ],
      load: () => import('./commands/member-add.js'),
    },
    {
      use: 'remove <memberID>',
      short: 'Removes a member from the cluster',
      load: () => import('./commands/member-remove.js'),
    },
    {
      use: 'update <memberID> [options]',
      short: 'Updates a member in the cluster',
      flags: [string('peer-urls', 'comma separated peer URLs for the updated member.')],
      load: () => import('./commands/member-update.js'),
    },
    {
      use: 'list',
      short: 'Lists all members in the cluster',
      long: text.memberList,
      flags: [consistency],
      load: () => import('./commands/member-list.js'),
    },
    {
      use: 'promote <memberID>',
      short: 'Promotes a non-voting member in the cluster',
      long: 'Promotes a non-voting learner member to a voting one in the cluster.\n',
      load: () => import('./commands/member-promote.js'),
    },
  ],
};

export const snapshotCommand: CommandSpec = {
  use: 'snapshot <subcommand>',
  short: 'Manages etcd node snapshots',
  examples: text.snapshotExamples,
  group: clusterMaintenance,
  commands: [
    {
      use: 'save <filename>',
      short: 'Stores an etcd node backend snapshot to a given file',
      examples: text.snapshotExamples,
      load: () => import('./commands/snapshot-save.js'),
    },
  ],
};

export const downgradeCommand: CommandSpec = {
  use: 'downgrade <TARGET_VERSION>',
  short: 'Downgrade related commands. Use `etcdctl downgrade --help` to see subcommands',
  long: 'Downgrade related commands',
  group: clusterMaintenance,
  commands: [
    {
      use: 'validate <TARGET_VERSION>',
      short: 'Validate downgrade capability before starting downgrade',
      load: () => import('./commands/downgrade-validate.js'),
    },
    {
      use: 'enable <TARGET_VERSION>',
      short: 'Start a downgrade action to cluster',
      load: () => import('./commands/downgrade-enable.js'),
    },
    {
      use: 'cancel',
      short: 'Cancel the ongoing downgrade action to cluster',
      load: () => import('./commands/downgrade-cancel.js'),
    },
  ],
};

export const authCommand: CommandSpec = {
  use: 'auth <enable or disable>',
  short: 'Enable or disable authentication. Use `etcdctl auth --help` to see subcommands',
  long: 'Enable or disable authentication',
  group: authentication,
  commands: [
    {
      use: 'enable',
      short: 'Enables authentication',
      load: () => import('./commands/auth-enable.js'),
    },
    {
      use: 'disable',
      short: 'Disables authentication',
      load: () => import('./commands/auth-disable.js'),
    },
    {
      use: 'status',
      short: 'Returns authentication status',
      load: () => import('./commands/auth-status.js'),
    },
  ],
};

export const userCommand: CommandSpec = {
  use: 'user <subcommand>',
  short: 'User related commands. Use `etcdctl user --help` to see subcommands',
  long: 'User related commands',
  group: authentication,
  commands: [
    {
      use: 'add <user name or user:password> [options]',
      short: 'Adds a new user',
      flags: [
        {
          name: 'interactive',
          type: 'bool',
          default: true,
          usage: 'Read password from stdin instead of interactive terminal',
        },
        string('new-user-password', 'Supply password from the command line flag'),
        bool('no-password', 'Create a user without password (CN based auth only)'),
      ],
      load: () => import('./commands/user-add.js'),
    },
    {
      use: 'delete <user name>',
      short: 'Deletes a user',
      load: () => import('./commands/user-delete.js'),
    },
    {
      use: 'get <user name> [options]',
      short: 'Gets detailed information of a user',
      flags: [bool('detail', 'Show permissions of roles granted to the user')],
      load: () => import('./commands/user-get.js'),
    },
    {
      use: 'list',
      short: 'Lists all users',
      load: () => import('./commands/user-list.js'),
    },
    {
      use: 'passwd <user name> [options]',
      short: 'Changes password of user',
      flags: [
        {
          name: 'interactive',
          type: 'bool',
          default: true,
          usage: 'If true, read password from stdin instead of interactive terminal',
        },
      ],
      load: () => import('./commands/user-passwd.js'),
    },
    {
      use: 'grant-role <user name> <role name>',
      short: 'Grants a role to a user',
      load: () => import('./commands/user-grant-role.js'),
    },
    {
      use: 'revoke-role <user name> <role name>',
      short: 'Revokes a role from a user',
      load: () => import('./commands/user-revoke-role.js'),
    },
  ],
};

export const roleCommand: CommandSpec = {
  use: 'role <subcommand>',
  short: 'Role related commands. Use `etcdctl role --help` to see subcommands',
  long: 'Role related commands',
  group: authentication,
  commands: [
    {
      use: 'add <role name>',
      short: 'Adds a new role',
      load: () => import('./commands/role-add.js'),
    },
    {
      use: 'delete <role name>',
      short: 'Deletes a role',
      load: () => import('./commands/role-delete.js'),
    },
    {
      use: 'get <role name>',
      short: 'Gets detailed information of a role',
      load: () => import('./commands/role-get.js'),
    },
    {
      use: 'list',
      short: 'Lists all roles',
      load: () => import('./commands/role-list.js'),
    },
    {
      use: 'grant-permission [options] <role name> <permission type> <key> [endkey]',
      short: 'Grants a key to a role',
      flags: [
        bool('prefix', 'grant a prefix permission'),
        bool(
          'from-key',
          'grant a permission of keys that are greater than or equal to the given key using byte compare',
        ),
      ],
      load: () => import('./commands/role-grant-permission.js'),
    },
    {
      use: 'revoke-permission <role name> <key> [endkey]',
      short: 'Revokes a key from a role',
      flags: [
        bool('prefix', 'revoke a prefix permission'),
        bool(
          'from-key',
          'revoke a permission of keys that are greater than or equal to the given key using byte compare',
        ),
      ],
      load: () => import('./commands/role-revoke-permission.js'),
    },
  ],
};

/** `load` of etcdctl's two checks differ in their texts and proposals. */
function checkFlags(load: FlagSpec, prefix: FlagSpec): readonly FlagSpec[] {
  return [
    load,
    prefix,
    bool('auto-compact', 'Compact storage with last revision after test is finished.'),
    bool('auto-defrag', 'Defragment storage after test is finished.'),
  ];
}

export const checkCommand: CommandSpec = {
  use: 'check <subcommand>',
  short:
    'commands for checking properties of the etcd cluster. Use `etcdctl check --help` to see subcommands',
  long: 'commands for checking properties of the etcd cluster',
  group: utility,
  commands: [
    {
      use: 'perf [options]',
      short: 'Check the performance of the etcd cluster',
      flags: checkFlags(
        {
          ...string(
            'load',
            "The performance check's workload model. Accepted workloads: s(small), m(medium), l(large), xl(xLarge). Different workload models use different configurations in terms of number of clients and expected throughput.",
            's',
          ),
          proposals: ['small', 'medium', 'large', 'xLarge'],
        },
        string(
          'prefix',
          "The prefix for writing the performance check's keys.",
          '/etcdctl-check-perf/',
        ),
      ),
      load: () => import('./commands/check-perf.js'),
    },
    {
      use: 'datascale [options]',
      short:
        'Check the memory usage of holding data for different workloads on a given server endpoint.',
      long: 'If no endpoint is provided, localhost will be used. If multiple endpoints are provided, first endpoint will be used.',
      flags: checkFlags(
        string(
          'load',
          "The datascale check's workload model. Accepted workloads: s(small), m(medium), l(large), xl(xLarge)",
          's',
        ),
        string(
          'prefix',
          "The prefix for writing the datascale check's keys.",
          '/etcdctl-check-datascale/',
        ),
      ),
      load: () => import('./commands/check-datascale.js'),
    },
  ],
};
