/** The grammar of command lines: pflag's parsing, cobra's search. */
import { describe, expect, test } from 'vitest';
import { commandTree } from '../tree.js';
import { editDistance, findCommand, flagSetOf, pathText, type CommandSpec } from './command.js';
import { FlagSet } from './flag-set.js';

const specs = [
  { name: 'write-out', shorthand: 'w', type: 'string', default: 'simple', usage: '' },
  { name: 'hex', shorthand: 'x', type: 'bool', default: false, usage: '' },
  { name: 'limit', type: 'int', default: 0n, usage: '' },
  { name: 'endpoints', type: 'strings', default: ['default:1'], usage: '' },
  { name: 'timeout', type: 'duration', default: 5n, usage: '' },
] as const;

function parsed(...args: string[]): FlagSet {
  const flags = new FlagSet(specs);
  flags.parse(args);
  return flags;
}

describe('flags', () => {
  test('every way to write a value', () => {
    for (const args of [
      ['--write-out', 'json'],
      ['--write-out=json'],
      ['-w', 'json'],
      ['-wjson'],
      ['-w=json'],
      ['-xw', 'json'],
    ]) {
      expect(parsed(...args).string('write-out')).toBe('json');
    }
  });
  test('booleans take no separate value', () => {
    const flags = parsed('--hex', 'false');
    expect(flags.bool('hex')).toBe(true);
    expect(flags.args).toEqual(['false']);
    expect(parsed('--hex=false').bool('hex')).toBe(false);
  });
  test('flags may stand anywhere; `--` ends them; `-` is an argument', () => {
    expect(parsed('a', '--limit', '5', '-', '--', '--hex').args).toEqual(['a', '-', '--hex']);
  });
  test('lists accumulate and replace the default', () => {
    expect(parsed('--endpoints', 'a:1,b:2', '--endpoints', 'c:3').strings('endpoints')).toEqual([
      'a:1',
      'b:2',
      'c:3',
    ]);
    expect(parsed().strings('endpoints')).toEqual(['default:1']);
    expect(parsed('--endpoints=').strings('endpoints')).toEqual([]);
  });
  test('J-8: names of Object.prototype are unknown flags', () => {
    expect(() => parsed('--constructor')).toThrow('unknown flag: --constructor');
    expect(() => parsed('--__proto__=1')).toThrow('unknown flag: --__proto__');
  });
  test.each([
    [['--bogus'], 'unknown flag: --bogus'],
    [['--bogus=1'], 'unknown flag: --bogus'],
    [['-yz'], "unknown shorthand flag: 'y' in -yz"],
    [['-xyz'], "unknown shorthand flag: 'y' in -yz"],
    [['--limit'], 'flag needs an argument: --limit'],
    [['-w'], "flag needs an argument: 'w' in -w"],
    [
      ['--limit=many'],
      'invalid argument "many" for "--limit" flag: strconv.ParseInt: parsing "many": invalid syntax',
    ],
    [
      ['-x=maybe'],
      'invalid argument "maybe" for "-x, --hex" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
    [
      ['--timeout=5'],
      'invalid argument "5" for "--timeout" flag: time: missing unit in duration "5"',
    ],
    [['--=x'], 'bad flag syntax: --=x'],
    [['---x'], 'bad flag syntax: ---x'],
  ])('%j: %s', (args, message) => {
    expect(() => parsed(...args)).toThrow(message);
  });
});

function found(...args: string[]): string {
  const { path, args: rest } = findCommand(commandTree, args);
  return [pathText(path), ...rest].join(' ');
}

describe('B-182: search for the command', () => {
  test.each([
    [['get', 'a'], 'etcdctl get a'],
    [['--endpoints', 'get', 'put', 'k', 'v'], 'etcdctl put --endpoints get k v'],
    [['--hex', 'get', 'a'], 'etcdctl get --hex a'],
    [['mem', 'l'], 'etcdctl member list'],
    [['lease', '--keys', 'timetolive', '5'], 'etcdctl lease --keys timetolive 5'],
    [['endpoint', '--cluster', 'health'], 'etcdctl endpoint health --cluster'],
    [['-w', 'json', 'get', 'get'], 'etcdctl get -w json get'],
    [['lease', 'bogus'], 'etcdctl lease bogus'],
    [['--hex'], 'etcdctl --hex'],
    [['get', '--', 'put'], 'etcdctl get -- put'],
  ])('%j', (args, expected) => {
    expect(found(...args)).toBe(expected);
  });
  test('an exact name wins over longer ones that it begins', () => {
    const tree: CommandSpec = {
      use: 'x',
      short: '',
      commands: [
        { use: 'listen', short: '' },
        { use: 'list', short: '' },
      ],
    };
    expect(pathText(findCommand(tree, ['list']).path)).toBe('x list');
    expect(() => findCommand(tree, ['li'])).toThrow('unknown command "li" for "x"');
  });
  test('a prefix that etcdctl would find ambiguous means nothing here either', () => {
    expect(() => found('e', 'health')).toThrow('unknown command "e"');
    expect(() => found('comp', '5')).toThrow('unknown command "comp"');
  });
  test('suggestions: near names and those that the word begins', () => {
    expect(() => found('gett')).toThrow(
      'unknown command "gett" for "etcdctl"\n\nDid you mean this?\n\tget\n',
    );
    expect(() => found('bogus')).toThrow(/for "etcdctl"$/);
  });
  test('edit distance', () => {
    expect(editDistance('kitten', 'sitting')).toBe(3);
    expect(editDistance('', 'abc')).toBe(3);
  });
});

test('of two flags of one name the nearer one counts', () => {
  const { path } = findCommand(commandTree, ['endpoint', 'health']);
  expect(flagSetOf(path).bool('cluster')).toBe(false);
});
