import { describe, expect, it } from 'vitest';
import { StartError, codesOf, hintFor } from './start-error.js';

/** An error as the packages of a member throw them. */
function coded(name: string, code: string, cause?: unknown): Error {
  return Object.assign(new Error('what, where', { cause }), { name, code });
}

describe('what to do about an error', () => {
  it('is found by class and code, through causes', () => {
    const error = new Error('start failed', { cause: coded('WalError', 'no-space') });
    expect(codesOf(error)).toEqual(['WalError.no-space']);
    expect(hintFor(error)).toContain('free some space');
  });

  it('is what a start error says itself, before what its cause would say', () => {
    const cause = coded('MvccError', 'corrupt');
    expect(hintFor(new StartError('t', 'm', { hint: 'do this', cause }))).toBe('do this');
    expect(hintFor(new StartError('t', 'm', { cause }))).toContain('restore a backup');
  });

  it('is nothing when nothing is known', () => {
    expect(hintFor(new Error('?'))).toBeUndefined();
    expect(hintFor('not an error')).toBeUndefined();
    expect(hintFor(coded('WalError', 'closed'))).toBeUndefined();
  });

  it('ends with circular causes', () => {
    const error = coded('A', 'b');
    error.cause = error;
    expect(codesOf(error)).toHaveLength(10);
  });

  it.each([
    ['MvccError', 'newer-schema', 'newer version'],
    ['MvccError', 'disk-full', 'free some space'],
    ['WalError', 'crc-mismatch', 'damaged'],
    ['WalError', 'sync-failed', 'check it'],
  ])('for %s %s says "%s"', (name, code, words) => {
    expect(hintFor(coded(name, code))).toContain(words);
  });
});
