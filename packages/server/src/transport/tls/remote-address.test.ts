/** Goal: a member's certificate counts only from the addresses that it names. Method: certificates made here, a resolver from a table. */
import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { selfSignedCertificate } from './auto-tls.js';
import { addressProblem } from './remote-address.js';
import type { Resolver } from './remote-address.js';

const resolver: Resolver = {
  reverse: (address) =>
    address === '10.0.0.1' ? Promise.resolve(['one.example.']) : Promise.reject(new Error('none')),
  forward: (name) =>
    name === 'two.example' ? Promise.resolve(['10.0.0.2']) : Promise.reject(new Error('none')),
};

function check(hosts: readonly string[], address: string): Promise<string | undefined> {
  const { cert } = selfSignedCertificate({ hosts, alsoClient: true }, 0, 1e12);
  return addressProblem(new X509Certificate(cert), address, resolver);
}

describe('the address of a member', () => {
  it.each([
    [[], '10.0.0.9'],
    [['10.0.0.9'], '10.0.0.9'],
    [['10.0.0.9'], '::ffff:10.0.0.9'],
    [['::1'], '::1'],
    [['one.example'], '10.0.0.1'],
    [['*.example'], '10.0.0.1'],
    [['10.0.0.8', 'two.example'], '10.0.0.2'],
  ])('%j is a certificate for %s', async (hosts, address) => {
    expect(await check(hosts, address)).toBeUndefined();
  });

  it.each([
    [
      ['10.0.0.8', '10.0.0.9'],
      '10.0.0.1',
      'x509: certificate is valid for 10.0.0.8, 10.0.0.9, not 10.0.0.1',
    ],
    [
      ['three.example'],
      '10.0.0.1',
      'tls: "10.0.0.1" does not match any of DNSNames ["three.example"]',
    ],
    // A wildcard is compared with names of the address only; it can not be looked up itself.
    [
      ['*.example', 'x.y'],
      '10.0.0.2',
      'tls: "10.0.0.2" does not match any of DNSNames ["*.example" "x.y"]',
    ],
  ])('S-18: %j is none for %s', async (hosts, address, problem) => {
    expect(await check(hosts, address)).toBe(problem);
  });
});
