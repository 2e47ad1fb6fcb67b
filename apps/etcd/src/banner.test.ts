import { resolve } from 'node:path';
import { parseConfig } from '@kv/server';
import { describe, expect, it } from 'vitest';
import { bannerText } from './banner.js';

function banner(...words: string[]): readonly string[] {
  const parsed = parseConfig(words, {}, () => ({ error: 'none' }));
  if (parsed.type !== 'run') throw new Error(parsed.type);
  return bannerText(parsed.member, parsed.daemon).split('\n');
}

describe('the three lines for a person', () => {
  it('say where it listens, where its data is, and what to type', () => {
    const [listening, data, next, end] = banner('--data-dir=d');
    expect(listening).toContain('http://localhost:2379');
    expect(data).toContain(resolve('d'));
    expect(next).toContain('bin/kvctl put hello world');
    expect(end).toBe('');
  });

  it('name the endpoint when it is not the usual one', () => {
    const url = 'http://127.0.0.1:9999';
    const next = banner(`--listen-client-urls=${url}`, `--advertise-client-urls=${url}`)[2];
    expect(next).toContain(`bin/kvctl --endpoints ${url} put hello world`);
  });
});
