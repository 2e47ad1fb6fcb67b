/** Locks, elections, mirrors: commands that run on, until something happens to them. */
import type { Invocation } from './runner.js';
import { args, call, printing } from './words.js';

/** Keys of locks and elections end with a lease, which in JSON is hidden in base64. */
const shown: readonly RegExp[] = [/\/[0-9a-f]{14,16}/g, /"key":"[^"]*"/g, /"[lL]ease" ?: ?[0-9]+/g];

/** The last thing of an answer: etcdctl prints line by line, and is to end after the last one. */
const wholeAnswer = { json: /\}\n$/, fields: /"Count" : [0-9]+\n/ } as const;

const locks: readonly Invocation[] = [
  call('lock'),
  call('lock l1', { until: /l1\//, masks: shown }),
  call('get l1/ --prefix --count-only -w fields'),
  ...(['json', 'fields'] as const).map((format) =>
    call(`lock l1 -w ${format}`, { until: wholeAnswer[format], masks: shown }),
  ),
  call('lock l1 --hex', { until: /\n\n/, masks: [/(\\x[0-9a-f]{2})+/g] }),
  // It holds the lock, and keeps it until its lease ends: which is not waited for.
  call('lock l2 -w table'),
  call('del l2/ --prefix'),
  call('lock l3 -w xml'),
  args(['lock', 'l4', 'echo', 'held']),
  args(['lock', 'l4', '--', 'sh', '-c', 'echo "$ETCD_LOCK_KEY $ETCD_LOCK_REV"; echo aside >&2'], {
    masks: shown,
  }),
  args(['lock', 'l4', '--', 'sh', '-c', 'exit 7']),
  args(['lock', 'l4', '--', 'sh', '-c', 'kill -KILL $$']),
  args(['lock', 'l4', '--', 'sh', '-c', 'kill -TERM $$']),
  args(['lock', 'l4', 'no-such-program']),
  args(['lock', 'l4', '/no/such/program']),
  args(['lock', 'l4', '--ttl=0', 'true']),
  args(['lock', 'l4', '--ttl=x', 'true']),
  args(['lock', 'l4', '--', 'cat'], { stdin: 'not for it' }),
  args(['lock', '', 'echo', 'no name']),
  call('get l4/ --prefix --keys-only'),
  // Somebody else has it.
  call('put l5/first x'),
  call('lock l5', { stopWhen: 'watching' }),
  call('get l5/ --prefix --keys-only'),
  call('lock l5', { meanwhile: [['del', 'l5/first']], until: /l5\//, masks: shown }),
  call('get l5/ --prefix --keys-only'),
];

/** What an observer prints last of the value `~<format>`; in JSON it is in base64. */
const seen = {
  simple: /~simple\n/,
  json: /fmpzb24.*\n/,
  fields: /~fields[^]*"Count" : [0-9]+\n/,
  protobuf: /~protobuf/,
} as const;

const elections: readonly Invocation[] = [
  call('elect'),
  call('elect e'),
  call('elect e p extra'),
  call('elect e p -l'),
  call('elect e -w xml'),
  call('elect e1 me', { until: /me\n/, masks: shown }),
  call('get e1/ --prefix --keys-only'),
  ...(['json', 'fields'] as const).map((format) =>
    call(`elect e1 me -w ${format}`, { until: wholeAnswer[format], masks: shown }),
  ),
  call('elect e2 me -w table'),
  call('del e2/ --prefix'),
  call('put e3/a first'),
  ...printing.map((format) =>
    call(`elect -l e3 -w ${format}`, {
      meanwhile: [['put', 'e3/a', `~${format}`]],
      until: seen[format],
    }),
  ),
  call('elect e3 -l', { stopWhen: 'watching' }),
  call('elect e4 --listen', { meanwhile: [['put', 'e4/b', 'newcomer']], until: /newcomer/ }),
  call('elect e4 me', { stopWhen: 'watching' }),
  call('get e4/ --prefix --keys-only'),
  call('elect e4 me', { meanwhile: [['del', 'e4/b']], until: /me\n/, masks: shown }),
];

const mirrors: readonly Invocation[] = [
  call('make-mirror'),
  call('make-mirror a b'),
  call('make-mirror {endpoint} --dest-prefix a --no-dest-prefix'),
  call('make-mirror {endpoint} --max-txn-ops=-1'),
  call('make-mirror {endpoint} --max-txn-ops=x'),
  call('make-mirror {endpoint} --max-txn-ops=99999999999999999999'),
  call('make-mirror {endpoint} --dest-cert=/no/such/file'),
  call('make-mirror {endpoint} --rev 2'),
  call('put m/1 one'),
  call('put m/2 two'),
  call('make-mirror {endpoint} --prefix m/ --dest-prefix n/', {
    meanwhile: [
      ['put', 'm/3', 'three'],
      ['del', 'm/1'],
      ['put', 'm/last', 'x'],
    ],
    stopWhen: { key: 'n/last' },
  }),
  args(['get', 'n/', '--prefix']),
  call('make-mirror {endpoint} --prefix m/ --no-dest-prefix', { stopWhen: 'watching' }),
  call('get 2'),
  call('get last'),
];

export const coordination: readonly Invocation[] = [...locks, ...elections, ...mirrors];
