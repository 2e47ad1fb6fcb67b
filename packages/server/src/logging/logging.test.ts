import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LogFields } from '../logger.js';
import { loggerTo, openLogger, shortPlace } from './json-logger.js';
import { consoleLine, jsonLine, timestamp } from './line.js';
import { LogSampler } from './sampler.js';
import { openSink, systemText } from './sink.js';

const line = (fields: LogFields): Parameters<typeof jsonLine>[0] => ({
  level: 'info',
  timeMs: 0.123,
  caller: 'etcd/main.ts:1',
  message: 'm',
  fields,
  stack: undefined,
});

/** A logger and what it wrote. */
function recorded(level: 'debug' | 'info' | 'error'): {
  readonly logger: ReturnType<typeof loggerTo>;
  readonly written: string[];
} {
  const written: string[] = [];
  const sink = { write: (text: string) => written.push(text), close: () => undefined };
  return { logger: loggerTo({ level, format: 'json', outputs: [] }, sink), written };
}

describe('lines', () => {
  it('are JSON with the keys of zap first and in its order', () => {
    const text = jsonLine(line({ b: 1, a: 'x' }));
    expect(text.endsWith('\n')).toBe(true);
    expect(Object.keys(JSON.parse(text) as object)).toEqual([
      ...['level', 'ts', 'caller', 'msg', 'b', 'a'],
    ]);
  });

  it('print identifiers as hex, errors as their text, lists as lists', () => {
    const fields = { id: 0x8e9e05c52164694dn, negative: -1n, error: new Error('no'), list: ['a'] };
    expect(JSON.parse(jsonLine(line(fields)))).toMatchObject({
      id: '8e9e05c52164694d',
      negative: 'ffffffffffffffff',
      error: 'no',
      list: ['a'],
    });
  });

  it('have local time with microseconds and zone', () => {
    expect(timestamp(1_000_000_000_123.456)).toMatch(
      /^2001-09-0\dT\d\d:46:40\.123456(Z|[+-]\d{4})$/,
    );
  });

  it('are tab-separated for the console', () => {
    expect(
      consoleLine(line({ a: 1 }))
        .split('\t')
        .slice(1),
    ).toEqual([...['info', 'etcd/main.ts:1', 'm', '{"a":1}\n']]);
  });

  it('say where they were written', () => {
    const { logger, written } = recorded('info');
    logger.log('info', 'here');
    expect(written.join()).toMatch(/"caller":"logging\/logging\.test\.ts:\d+"/);
    expect(shortPlace('at run (file:///app/etcd/dist/main.js:33:12)')).toBe('etcd/main.js:33');
    expect(shortPlace('at <anonymous>')).toBe('unknown');
  });

  it('of level error and above say how the program got there', () => {
    const { logger, written } = recorded('info');
    logger.log('error', 'bad');
    logger.log('warn', 'odd');
    expect(written[0]).toContain('"stacktrace":"at ');
    expect(written[1]).not.toContain('stacktrace');
  });

  it('below the level are not written, and can be asked for', () => {
    const { logger, written } = recorded('error');
    logger.log('warn', 'odd');
    expect(written).toEqual([]);
    expect([logger.enabled('warn'), logger.enabled('error')]).toEqual([false, true]);
  });
});

describe('sampling', () => {
  it('writes the first 100 of a message in a second, then every 100th, each message for itself', () => {
    const sampler = new LogSampler();
    const admitted = (count: number, nowMs: number): number =>
      Array.from({ length: count }, () => sampler.admits('info', 'm', nowMs)).filter(Boolean)
        .length;
    expect(admitted(1000, 0)).toBe(109);
    expect(sampler.admits('info', 'other', 0)).toBe(true);
    expect(sampler.admits('warn', 'm', 0)).toBe(true);
    expect(admitted(10, 1000)).toBe(10);
  });

  it('stays small however many messages there are', () => {
    const sampler = new LogSampler();
    for (let index = 0; index < 20_000; index += 1) {
      expect(sampler.admits('info', index.toString(), 0)).toBe(true);
    }
  });
});

describe('sinks', () => {
  it('append to files', () => {
    const directory = mkdtempSync(join(tmpdir(), 'kv-logging-'));
    const path = join(directory, 'log');
    for (const message of ['one', 'two']) {
      openLogger({ level: 'info', format: 'json', outputs: [path] }).log('info', message);
    }
    expect(readFileSync(path, 'utf8').trim().split('\n')).toHaveLength(2);
    rmSync(directory, { recursive: true });
  });

  it('discard everything for /dev/null, whatever else is named', () => {
    const sink = openSink(['/dev/null', '/nope/x']);
    sink.write('x');
    sink.close();
  });

  it('name a path that can not be opened', () => {
    expect(() => openSink(['/nope/x'])).toThrow(
      'open sink "/nope/x": open /nope/x: no such file or directory',
    );
    expect(systemText('open', 'p', new Error('plain'))).toBe('open p: plain');
  });
});
