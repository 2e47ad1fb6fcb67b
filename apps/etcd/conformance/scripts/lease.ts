/** Leases: granting, attaching, renewing, revoking (rpc.md §7). Expiry takes time and is left to the end-to-end tests. */
import { LeaseKeepAliveRequest, services } from '@kv/proto';
import { bytes } from '../script.js';
import type { Script, Session } from '../script.js';

const { lease } = services;

const grant = (s: Session, id: bigint, ttl: bigint): Promise<void> =>
  s.call('grant', lease.leaseGrant, { ID: id, TTL: ttl });
/** etcd lists attached keys in the order of a Go map, so they are sorted here. */
const timeToLive = async (s: Session, id: bigint): Promise<void> => {
  const request = { ID: id, keys: true };
  await s.call('timeToLive', lease.leaseTimeToLive, request, (answer) => ({
    ...answer,
    keys: answer.keys.map((key) => Buffer.from(key).toString('latin1')).sort(),
  }));
};

export const leaseScripts: readonly Script[] = [
  {
    name: 'lease: grants and refusals',
    async run(s) {
      await grant(s, 7n, 100n);
      await grant(s, 7n, 100n);
      await grant(s, 8n, 0n);
      await grant(s, 9n, -5n);
      await grant(s, 10n, 1n);
      await grant(s, 11n, 9_000_000_000n);
      await grant(s, 12n, 9_000_000_001n);
      await grant(s, -3n, 60n);
      // Sorted by expiry, which says nothing where two expire together.
      await s.call('leases', lease.leaseLeases, {}, ({ leases }) => ({
        ids: leases.map(({ ID }) => ID).sort((a, b) => Number(a - b)),
      }));
    },
  },
  {
    name: 'lease: keys follow the last put',
    async run(s) {
      await grant(s, 1n, 1000n);
      await grant(s, 2n, 1000n);
      await s.put({ key: bytes('b'), value: bytes('1'), lease: 1n });
      await s.put({ key: bytes('a'), value: bytes('1'), lease: 1n });
      await s.put({ key: bytes('c'), value: bytes('1'), lease: 1n });
      await timeToLive(s, 1n);
      await s.put({ key: bytes('a'), value: bytes('2'), lease: 2n });
      await s.put({ key: bytes('b'), value: bytes('2') });
      await s.put({ key: bytes('c'), value: bytes('2'), ignoreLease: true });
      await timeToLive(s, 1n);
      await timeToLive(s, 2n);
      await s.range({ key: bytes('\0'), rangeEnd: bytes('\0') });
      await s.range({ key: bytes('\0'), rangeEnd: bytes('\0'), keysOnly: true });
      await s.deleteRange({ key: bytes('c') });
      await timeToLive(s, 1n);
      await s.put({ key: bytes('d'), lease: 2n });
      await s.call('revoke', lease.leaseRevoke, { ID: 2n });
      await s.range({ key: bytes('\0'), rangeEnd: bytes('\0') });
      await s.call('revoke', lease.leaseRevoke, { ID: 2n });
      await s.call('revoke', lease.leaseRevoke, { ID: 1n });
      await timeToLive(s, 1n);
      await s.put({ key: bytes('e'), lease: 1n });
    },
  },
  {
    name: 'lease: renewals on one stream',
    async run(s) {
      await grant(s, 21n, 500n);
      const stream = s.duplex(lease.leaseKeepAlive);
      for (const ID of [21n, 22n, 21n]) {
        stream.send(LeaseKeepAliveRequest.create({ ID }));
        s.transcript.add('keepAlive', await stream.next());
      }
      stream.finish();
      s.transcript.add('keepAlive', await stream.next());
    },
  },
];
