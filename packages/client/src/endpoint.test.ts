/** B-190, B-191: endpoints, options and data of the wrong kind are named before anything is sent. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bytesOf,
  counterFromWire,
  identifierToWire,
  prefixEnd,
  rangeOf,
  revisionToWire,
  selectorOf,
} from './data.js';
import { parseEndpoint } from './endpoint.js';
import { KvError } from './errors.js';
import { checkOptions } from './options.js';

describe('endpoints', () => {
  test.each([
    ['127.0.0.1:2379', false, { kind: 'tcp', host: '127.0.0.1', port: 2379 }],
    ['http://localhost:80', false, { kind: 'tcp', host: 'localhost', port: 80 }],
    ['https://db.example:2379/', true, { kind: 'tcp', host: 'db.example', port: 2379 }],
    ['[::1]:2379', false, { kind: 'tcp', host: '::1', port: 2379 }],
    ['unix:///run/kv.sock', false, { kind: 'unix', path: '/run/kv.sock' }],
    ['unixs:relative.sock', true, { kind: 'unix', path: 'relative.sock' }],
  ])('%s', (text, secure, address) => {
    expect(parseEndpoint(text, false)).toMatchObject({ text, secure, address });
  });

  test.each([
    '',
    ',',
    'host',
    'host:',
    ':2379',
    'host:70000',
    'host:0',
    'ftp://h:1',
    'a b:1',
    'unix:',
    '::1:2379',
    'http://u:p@h:1',
  ])('B-191: %j is refused by name', (text) => {
    expect(() => parseEndpoint(text, false)).toThrow(KvError);
  });

  test('credentials in an address are not repeated in the error', () => {
    expect(() => parseEndpoint('http://root:hunter2@h:1', false)).not.toThrow('hunter2');
  });
});

test('options that contradict each other', () => {
  const endpoints = ['h:1'];
  expect(() => checkOptions({ endpoints: [] })).toThrow('no available endpoints');
  expect(() => checkOptions({ endpoints: ['http://h:1'], tls: {} })).toThrow('not encrypted');
  expect(() => checkOptions({ endpoints, auth: { user: 'u', password: 'p' }, token: 't' })).toThrow(
    'exclude',
  );
  expect(() => checkOptions({ endpoints, timeoutMs: 0 })).toThrow(TypeError);
  expect(checkOptions({ endpoints, tls: {} }).endpoints[0]?.secure).toBe(true);
});

describe('B-190: data', () => {
  test.each([undefined, null, 5, {}, new Date(), [1]])('%s is no key', (value) => {
    expect(() => bytesOf('key', value)).toThrow(/^key must be a string or Uint8Array, is /);
  });
  test('a lone surrogate has no UTF-8 bytes', () => {
    expect(() => bytesOf('key', 'a\ud800')).toThrow(TypeError);
  });
  test.each([-1, 1.5, Number.NaN, 2 ** 53, 5n, '5'])('%s is no revision', (value) => {
    expect(() => revisionToWire('revision', value)).toThrow(TypeError);
  });
  test.each([5, 2n ** 63n, '5', undefined])('%s is no identifier', (value) => {
    expect(() => identifierToWire('lease', value)).toThrow(TypeError);
  });
  test('J-1: counters are exact or an error', () => {
    expect(counterFromWire('revision', 2n ** 53n - 1n)).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => counterFromWire('revision', 2n ** 53n)).toThrow(KvError);
  });
  test('the end of a prefix is the first key that does not begin with it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), fc.uint8Array(), (prefix, rest) => {
        const end = Buffer.from(prefixEnd(prefix));
        if (end.equals(Buffer.from([0]))) {
          expect(prefix.every((byte) => byte === 0xff)).toBe(true);
          return;
        }
        expect(Buffer.compare(Buffer.concat([prefix, rest]), end)).toBe(-1);
        expect(end.subarray(0, prefix.length).equals(Buffer.from(prefix))).toBe(false);
      }),
    );
  });
  test('the end of a prefix that is a Buffer leaves the Buffer as it was', () => {
    const prefix = Buffer.from('a/');
    expect(rangeOf({ prefix }).rangeEnd).toEqual(Uint8Array.of(97, 48));
    expect(prefix.toString()).toBe('a/');
  });
  test('selectors there and back', () => {
    const key = Uint8Array.of(97);
    for (const selector of [
      key,
      { all: true },
      { prefix: key },
      { from: key },
      { from: key, end: Uint8Array.of(120) },
    ] as const) {
      const { key: start, rangeEnd } = rangeOf(selector);
      expect(selectorOf(start, rangeEnd)).toEqual(selector);
    }
  });
  test('selectors', () => {
    expect(rangeOf({ all: true })).toEqual({ key: Uint8Array.of(0), rangeEnd: Uint8Array.of(0) });
    expect(rangeOf({ prefix: '' })).toEqual(rangeOf({ all: true }));
    expect(rangeOf({ from: 'a' })).toEqual({ key: Uint8Array.of(97), rangeEnd: Uint8Array.of(0) });
    expect(rangeOf({ from: 'a', end: 'b' })).toEqual({
      key: Uint8Array.of(97),
      rangeEnd: Uint8Array.of(98),
    });
  });
});
