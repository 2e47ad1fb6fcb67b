/**
 * Goal: our bytes are etcd's bytes (P2), and our verdict on damaged bytes is Go's (P3). Method: every line that the real packages
 * printed is decoded and encoded again.
 */
import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage } from '../src/codec.js';
import { ProtoError } from '../src/proto-error.js';
import { bytesOfHex, hexOfBytes, messageType, messageTypes, referenceLines } from './reference.js';

const split = (line: string): [string, string, string] => {
  const [name = '', hex = '', verdict = ''] = line.split(' ');
  return [name, hex, verdict];
};

/** What we make of bytes: the hex of encoding the result again, or `refused`. */
function verdictOf(name: string, hex: string): string {
  const type = messageType(name);
  try {
    return hexOfBytes(encodeMessage(type, decodeMessage(type, bytesOfHex(hex))));
  } catch (error) {
    if (error instanceof ProtoError && error.code === 'malformed') return 'refused';
    throw error;
  }
}

describe('P2: bytes are equal to those of the real implementation', () => {
  const lines = referenceLines('golden.txt').map(split);

  it('covers every message', () => {
    expect(lines.length).toBeGreaterThan(500);
    const covered = new Set(lines.map(([name]) => name));
    expect([...messageTypes.keys()].filter((name) => !covered.has(name))).toEqual([]);
  });

  it.each([...new Set(lines.map(([name]) => name))])('%s', (name) => {
    const golden = lines.filter(([of]) => of === name).map(([, hex]) => hex);
    expect(golden.map((hex) => verdictOf(name, hex))).toEqual(golden);
  });
});

describe('P3: damaged bytes get the verdict of the real implementation', () => {
  const lines = referenceLines('mutants.txt').map(split);
  const refused = lines.filter(([, , verdict]) => verdict === 'refused');
  const accepted = lines.filter(([, , verdict]) => verdict !== 'refused');

  it('refuses what Go refuses, with a typed error (S-26)', () => {
    expect(refused.length).toBeGreaterThan(500);
    const wrong = refused.filter(([name, hex]) => verdictOf(name, hex) !== 'refused');
    expect(wrong).toEqual([]);
  });

  it('accepts what Go accepts, with the same result: unknown fields, packed or not, last of a oneof, merged messages (S-26)', () => {
    expect(accepted.length).toBeGreaterThan(500);
    const wrong = accepted
      .map(([name, hex, verdict]) => {
        const expected = verdict === 'same' ? hex : verdict;
        return { name, hex, expected, got: verdictOf(name, hex) };
      })
      .filter(({ expected, got }) => got !== expected);
    expect(wrong).toEqual([]);
  });
});
