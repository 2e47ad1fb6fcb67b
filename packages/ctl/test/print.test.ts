/** Printers against golden files that etcdctl 3.7.1 wrote of answers with fixed data, and the parts that files cannot reach. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { fromText } from '../src/bytes.js';
import { goldenAnswers } from './answers.js';
import { JsonObject, always, unlessEmpty, writeJson } from '../src/print/json-value.js';
import { openPrinter, type Format, type Printer } from '../src/print/printer.js';
import { table } from '../src/print/table.js';
import { humanBytes, leaseHex } from '../src/print/text.js';

const formats: readonly Format[] = ['simple', 'json', 'fields', 'protobuf', 'table'];

async function printed(
  format: Format,
  hex: boolean,
  print: (printer: Printer) => void,
): Promise<string> {
  let out = '';
  const append = (bytes: string | Uint8Array): void => {
    out += typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1');
  };
  const printer = await openPrinter(format, { hex }, { stdout: append, stderr: append });
  if (printer === undefined) throw new Error(`no printer ${format}`);
  try {
    print(printer);
  } catch (error) {
    out += `! ${error instanceof Error ? error.message : String(error)}`;
  }
  return out;
}

describe('golden files of etcdctl', () => {
  const cases = goldenAnswers.flatMap(({ name, print }) =>
    formats.flatMap((format) => [false, true].map((hex) => ({ name, print, format, hex }))),
  );
  test.each(cases)('$name, $format, hex $hex', async ({ name, print, format, hex }) => {
    const file = new URL(
      `../testdata/${name}.${format}${hex ? '.hex' : ''}.golden`,
      import.meta.url,
    );
    expect(existsSync(file), `no ${file.pathname}; see testdata/README.md`).toBe(true);
    expect(await printed(format, hex, print)).toBe(readFileSync(file, 'latin1'));
  });
});

test('an unknown format has no printer', async () => {
  expect(
    await openPrinter('xml', { hex: false }, { stdout: () => undefined, stderr: () => undefined }),
  ).toBeUndefined();
});

describe('JSON', () => {
  test('J-1: integers of 64 bits are exact numbers; bytes are base64; empty members are left out', () => {
    const value = new JsonObject([
      always('id', 2n ** 64n - 1n),
      unlessEmpty('none', 0n),
      unlessEmpty('empty', []),
      always('bytes', Uint8Array.of(0xff, 0xfe)),
      always('list', [true, null, new JsonObject([])]),
    ]);
    expect(writeJson(value)).toBe(
      '{"id":18446744073709551615,"bytes":"//4=","list":[true,null,{}]}',
    );
  });
  test('Go escapes for HTML and for old JavaScript', () => {
    expect(writeJson(fromText('<a>&\u2028\u2029"\\\n\t\u0001'))).toBe(
      '"\\u003ca\\u003e\\u0026\\u2028\\u2029\\"\\\\\\n\\t\\u0001"',
    );
    expect(writeJson('\xff')).toBe('"\\ufffd"');
  });
  test('any text parses to itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const json = Buffer.from(writeJson(fromText(text)), 'latin1').toString('utf8');
        expect(JSON.parse(json)).toBe(text);
      }),
    );
  });
});

test('a table pads by characters, not bytes', () => {
  const text = Buffer.from(
    table({ header: ['name'], rows: [[fromText('né')], ['long name']] }),
    'latin1',
  ).toString();
  expect(text.split('\n').map((line) => line.length)).toEqual([13, 13, 13, 13, 13, 13, 0]);
});

test('sizes and leases as Go prints them', () => {
  const sizes = [
    0n,
    9n,
    10n,
    999n,
    1000n,
    9_949n,
    20_480n,
    25_500n,
    1_048_576n,
    2_147_483_648n,
    2n ** 63n,
  ];
  expect(sizes.map(humanBytes)).toEqual([
    '0 B',
    '9 B',
    '10 B',
    '999 B',
    '1.0 kB',
    '9.9 kB',
    '20 kB',
    '26 kB',
    '1.0 MB',
    '2.1 GB',
    '9.2 EB',
  ]);
  expect([1n, -1n, 2n ** 63n - 1n].map(leaseHex)).toEqual([
    '0000000000000001',
    '-000000000000001',
    '7fffffffffffffff',
  ]);
});
