/**
 * The configuration beside the real etcd 3.7.1: the same words give the same complaint. Every invocation ends in a stray word or
 * has a value that is refused, so that the reference never starts. Skipped where there is none.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { allFlags, commandFlags } from './flags/flag-spec.js';
import { parseConfig } from './parse-config.js';

const etcd = join(process.env['REF'] ?? join(homedir(), 'ref'), 'etcd');
const directory = mkdtempSync(join(tmpdir(), 'kv-config-'));
const file = join(directory, 'config.yaml');

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** The first complaint of the reference: a line that is no log line, or the error of one. */
function reference(words: readonly string[], env: Record<string, string> = {}): string {
  const { stderr, error } = spawnSync(etcd, words, {
    ...{ cwd: directory, env, encoding: 'utf8', timeout: 5000 },
  });
  if (error !== undefined) throw error;
  for (const line of stderr.split('\n')) {
    if (!line.startsWith('{')) return line;
    const log = JSON.parse(line) as Readonly<Record<string, unknown>>;
    if (log['msg'] === 'failed to verify flags') return String(log['error']);
    if (log['level'] === 'fatal') return String(log['msg']);
  }
  return '';
}

function ours(words: readonly string[], env: Record<string, string> = {}): string {
  const found = parseConfig(words, env, (path) => ({ text: readFileSync(path, 'utf8') }));
  if (found.type === 'usage') return found.text;
  if (found.type !== 'problems') return found.type;
  const [first] = found.problems;
  if (first === undefined) return '';
  if (first.type === 'invalid') return first.error;
  return first.type === 'fatal' ? first.message : first.text;
}

const values = fc.oneof(
  fc.constantFrom(
    ...['', '0', '1', '-1', '+7', '1_0', '0x1F', '0b2', '08', '1.5', '1e3', 'true', 'F', 'tRuE'],
    ...[
      '5s',
      '1h30m',
      '1.5h',
      '-1ms',
      '5',
      '1d',
      'new',
      'existing',
      'exit',
      'gone',
      'AllAlpha=true',
    ],
    ...['LeaseCheckpoint=x', 'Foo=true', 'x', 'a,b', '99999999999', '18446744073709551616', '*'],
    ...['http://127.0.0.1:1', 'http://a', 'http://a:1/', 'a:1', 'unix://x', 'http://[::1]:2', ':1'],
    ...['http://b:1,http://a:1', 'http://a:b', 'ftp://a:1', '%', 'http://a b:1', 'write-only'],
  ),
  fc.string({ maxLength: 6, unit: 'grapheme-ascii' }),
);

const names = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...commandFlags.map((flag) => flag.name)) },
  { weight: 1, arbitrary: fc.constantFrom('bogus', 'v', 'force', 'discovery', '-x', '=x') },
);

/** Neither ends before the stray word is looked at. */
const harmless = (name: string): boolean => !['config-file', 'help', 'h'].includes(name);

describe.skipIf(!existsSync(etcd))('beside etcd 3.7.1', { timeout: 120_000 }, () => {
  it('B-150, B-163: random flags with random values are refused with the same text', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(names.filter(harmless), values, fc.constantFrom('-', '--')), {
          minLength: 1,
          maxLength: 3,
        }),
        (flags) => {
          const words = flags.map(([name, value, dashes]) => `${dashes}${name}=${value}`);
          words.push('stray');
          expect(ours(words)).toBe(reference(words));
        },
      ),
      { numRuns: 250 },
    );
  });

  it('B-151: random variables are refused with the same text', () => {
    fc.assert(
      fc.property(names.filter(harmless), values, (name, value) => {
        const variable = `ETCD_${name.toUpperCase().replaceAll('-', '_')}`;
        fc.pre(!value.includes('\0') && !/[-=]/.test(variable));
        // What the environment leaves unsaid is refused by this.
        const words = ['--heartbeat-interval=0'];
        if (name === 'heartbeat-interval') words[0] = '--election-timeout=0';
        const env = { [variable]: value };
        const said = reference(words, env);
        // A value that is accepted is checked with all others, some of which we refuse in our own words.
        if (said.includes(variable)) expect(ours(words, env)).toBe(said);
        else expect(ours(words, env)).not.toContain(variable);
      }),
      { numRuns: 100 },
    );
  });

  it('B-152: random types in a configuration file are refused with the same text', () => {
    const keys = allFlags.map((flag) => flag.file).filter((key) => key !== '');
    const yamlValues = fc.constantFrom(
      ...['5', '-1', '1.5', 'true', '"x"', '[a]', '[1]', '{a: 1}', '99999999999', '"5m"', '""'],
    );
    fc.assert(
      fc.property(fc.constantFrom(...keys), yamlValues, (key, value) => {
        fc.pre(!key.startsWith('log') && key !== 'heartbeat-interval');
        const parts = key.split('.');
        const nested = parts
          .map(
            (part, depth) =>
              `${'  '.repeat(depth)}${part}:${depth === parts.length - 1 ? ` ${value}` : ''}`,
          )
          .join('\n');
        writeFileSync(file, `heartbeat-interval: 0\n${nested}\n`);
        const words = ['--config-file', file];
        const said = reference(words);
        // Checks come after types; which of several comes first is not what this is about.
        if (said.includes('unmarshal') || said.startsWith('unexpected error')) {
          expect(ours(words)).toBe(said);
        } else {
          expect(ours(words)).not.toContain('unmarshal');
        }
      }),
      { numRuns: 200 },
    );
  });
});
