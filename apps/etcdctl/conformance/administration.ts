/** Members, alarms, snapshots, versions, checks and completion. */
import type { Invocation } from './runner.js';
import { args, call, formats, printing } from './words.js';

const capture = /Member +(?<member>[0-9a-f]{14,16}) added/;
/** An identifier that the server chose, where no sentence names it. */
const memberMasks: readonly RegExp[] = [/"ID":"?[0-9a-f]+"?/g, /[0-9a-f]{15,16}, unstarted/g];

/** There identifiers have no fixed length, and so nothing else has. */
const withoutProtobuf = formats.filter((format) => format !== 'protobuf');

const members: readonly Invocation[] = [
  call('member add'),
  call('member add a b http://x:1 HTTP://y:2'),
  call('member add a'),
  call('member add a --peer-urls='),
  ...[
    'http://nohost',
    'http://a:1/x',
    'ftp://a:1',
    '127.0.0.1:80',
    ':80',
    'host',
    'http://[::1',
    'http://a:1,http://b',
  ].map((urls) => call(`member add a --peer-urls=${urls}`)),
  call('member add a --learner --peer-urls=http://127.0.0.1:9001,http://127.0.0.1:9002', {
    capture,
  }),
  call('member add b --learner --peer-urls=http://127.0.0.1:9003'),
  call('member add b --learner --peer-urls=http://127.0.0.1:9001'),
  call('member list'),
  ...withoutProtobuf.map((format) =>
    call(`member update {member} --peer-urls=http://127.0.0.1:9005 -w ${format}`, {
      masks: memberMasks,
    }),
  ),
  call('member update {member} --peer-urls=http://127.0.0.1:9005 -w json --hex'),
  call('member update {member}'),
  call('member update xyz --peer-urls=http://127.0.0.1:9005'),
  call('member update 1 --peer-urls=http://127.0.0.1:9005'),
  call('member update'),
  ...formats.slice(0, 3).map((format) => call(`member promote {member} -w ${format}`)),
  call('member promote 1'),
  call('member promote'),
  call('member promote -- -1'),
  call('member remove {member}'),
  call('member remove {member}'),
  call('member remove 10000000000000000'),
  call('member remove'),
  call('member remove 1 2'),
  call('member add "q\u00e9 --learner --peer-urls=http://127.0.0.1:9001', { capture }),
  call('member remove {member} -w json'),
  ...(['json --hex', 'json', 'fields', 'table'] as const).flatMap((format, i) => [
    call(`member add a --learner --peer-urls=http://127.0.0.1:${9010 + i} -w ${format}`, {
      masks: memberMasks,
      capture: /"ID":"(?<member>[0-9a-f]+)"/,
    }),
    // By its position among the members: formats other than hex do not say it in hex.
    call('member list', { capture: /(?<member>[0-9a-f]{14,16}), unstarted/ }),
    call(`member remove {member} -w ${format}`, { masks: memberMasks }),
  ]),
];

const raise = (alarm: string): Partial<Invocation> => ({
  before: { path: '/v3/maintenance/alarm', body: { action: 'ACTIVATE', memberID: '1', alarm } },
});
/** Go's text of a message has one blank or two between fields, different from build to build. */
const oneBlank: readonly RegExp[] = [/(?<=:[0-9]+) +(?=alarm:)/g];

const alarms: readonly Invocation[] = [
  call('alarm disarm extra'),
  ...formats.map((format) => call(`alarm disarm -w ${format}`)),
  ...printing.flatMap((format, i) => [
    call(`alarm list -w ${format}`, {
      ...raise(i % 2 === 0 ? 'NOSPACE' : 'CORRUPT'),
      masks: oneBlank,
    }),
    call('endpoint health -w json', { masks: [/"took":"[^"]*"/] }),
    call('put full x'),
    call(`alarm disarm -w ${format}`, { masks: oneBlank }),
  ]),
];

const snapshots: readonly Invocation[] = [
  call('snapshot'),
  call('snapshot save'),
  call('snapshot save a b'),
  call('snapshot save {dir}/image.db'),
  call('snapshot save {dir}/image.db -w table'),
  call('snapshot save {dir}/image.db -w xml'),
  call('snapshot save {dir}/none/image.db'),
  call('snapshot save {dir}'),
  call('snapshot save {dir}/x.db --endpoints 127.0.0.1:1'),
  call('snapshot save {dir}/x.db --endpoints= ', { bare: true }),
  call('snapshot save {dir}/x.db --endpoints 127.0.0.1:1 --command-timeout=300ms', { bare: true }),
];

const leadership: readonly Invocation[] = [
  call('move-leader'),
  call('move-leader xyz'),
  call('move-leader 1 2'),
  call('move-leader 1'),
  call('move-leader 1 --endpoints=127.0.0.1:1 --command-timeout=300ms', { bare: true }),
  call('move-leader 1 --endpoints=', { bare: true }),
];

/** The member follows the target in its own time. */
const versions = [/3\.[67]/g];
const downgrades: readonly Invocation[] = [
  ...['downgrade', 'downgrade bogus'].map((words) => call(words)),
  ...['validate', 'enable'].flatMap((verb) => [
    call(`downgrade ${verb}`),
    call(`downgrade ${verb} 3.6 3.5`),
    call(`downgrade ${verb} ''`),
    call(`downgrade ${verb} 3.5`),
    call(`downgrade ${verb} x`),
  ]),
  call('downgrade cancel'),
  ...formats.map((format) => call(`downgrade validate 3.6 -w ${format}`)),
  ...printing.flatMap((format) => [
    call(`downgrade enable 3.6 -w ${format}`, { masks: versions }),
    call(`downgrade cancel -w ${format}`, { masks: versions }),
  ]),
];

const checks: readonly Invocation[] = [
  call('check'),
  call('check perf --load huge'),
  call('check datascale --load S'),
  call('check perf --prefix foo'),
  call('check datascale --prefix foo'),
  call('check perf --auto-compact=maybe'),
];

const helpPages: readonly Invocation[] = [
  ...[
    'member add',
    'member remove',
    'member update',
    'member promote',
    'alarm disarm',
    'snapshot',
    'snapshot save',
    'move-leader',
    'downgrade',
    'downgrade validate',
    'downgrade enable',
    'downgrade cancel',
    'lock',
    'elect',
    'make-mirror',
    'check',
    'check perf',
    'check datascale',
    'auth',
    'auth enable',
    'auth disable',
    'auth status',
    'user',
    'user add',
    'user delete',
    'user get',
    'user list',
    'user passwd',
    'user grant-role',
    'user revoke-role',
    'role',
    'role add',
    'role delete',
    'role get',
    'role list',
    'role grant-permission',
    'role revoke-permission',
    'completion',
  ].map((name) => call(`${name} --help`, { bare: true })),
  call('mem ad', { bare: true }),
  call('m', { bare: true }),
  call('snap', { bare: true }),
  call('user grant', { bare: true }),
  call('loc', { bare: true }),
  call('check --bogus', { bare: true }),
  call('move-leeder', { bare: true }),
];

const completion: readonly Invocation[] = [
  call('completion', { bare: true }),
  ...['bash', 'zsh', 'fish', 'powershell'].map((shell) =>
    call(`completion ${shell}`, { bare: true }),
  ),
  call('completion tcsh', { bare: true }),
  call('completion bash zsh', { bare: true }),
  ...[
    '__complete',
    "__complete ''",
    '__complete m',
    '__complete mem',
    "__complete member ''",
    '__complete member a',
    '__complete get --',
    '__complete get --p',
    '__complete get -',
    '__complete elect -',
    '__complete get --order ',
    "__complete get --order ''",
    '__complete get --order=',
    '__complete get --order=A',
    "__complete get -w ''",
    '__complete get -w=j',
    '__complete get -wj',
    "__complete get --prefix ''",
    '__complete get --prefix --pre',
    "__complete get --bogus ''",
    "__complete get --limit x ''",
    "__complete get --help ''",
    '__complete get a b',
    '__complete get -- -',
    "__complete bogus ''",
    "__complete check perf --load ''",
    "__complete check datascale --load ''",
    "__complete completion ''",
    '__complete completion f',
    '__complete completion bash f',
    "__complete help ''",
    '__complete help mem',
    "__complete help member ''",
    "__complete endpoint ''",
    '__complete endpoint --',
    '__complete endpoint status --',
    "__complete endpoint --cluster ''",
    '__complete --w',
    "__complete -w json ''",
    "__completeNoDesc lease ''",
    '__completeNoDesc get --m',
  ].map((words) => call(words.trimEnd(), { bare: true })),
];

export const administration: readonly Invocation[] = [
  ...helpPages,
  ...completion,
  ...members,
  ...alarms,
  ...snapshots,
  ...leadership,
  ...downgrades,
  ...checks,
];

/** A second voter that never starts: nothing can be agreed on any more. */
export const lastOfAll: readonly Invocation[] = [
  args(['member', 'add', 'n2', '--peer-urls=http://127.0.0.1:9099'], { capture }),
  // Client and server count down the same time: who comes first gives the words, and chance decides who that is.
  call('put stuck x --command-timeout=300ms', {
    masks: [/(rpc error: code = DeadlineExceeded desc = )?context deadline exceeded/],
  }),
];
