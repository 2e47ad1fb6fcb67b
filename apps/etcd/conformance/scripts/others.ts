/** Maintenance, Cluster and health, as far as one member has them (rpc.md §8, §9, §13). */
import { services } from '@kv/proto';
import { bytes } from '../script.js';
import type { Script } from '../script.js';
import { opDelete, opPut } from './operations.js';

const { maintenance, cluster, health } = services;

export const otherScripts: readonly Script[] = [
  {
    name: 'status and members',
    async run(s) {
      await s.call('status', maintenance.status, {});
      await s.call('members', cluster.memberList, { linearizable: true });
      await s.call('members', cluster.memberList, {});
    },
  },
  {
    name: 'hash of the keys at every revision, before and after compaction',
    async run(s) {
      for (let n = 0; n < 5; n += 1) {
        await s.txn({ success: [opPut('a', String(n)), opPut(`b${String(n)}`, 'x')] });
        await s.txn({ success: [opDelete(`b${String(n - 1)}`), opPut('c', '')] });
      }
      for (let revision = 0n; revision <= 13n; revision += 1n) {
        await s.call('hashKv', maintenance.hashKV, { revision });
      }
      await s.compact({ revision: 6n, physical: true });
      for (let revision = 0n; revision <= 13n; revision += 1n) {
        await s.call('hashKv', maintenance.hashKV, { revision });
      }
    },
  },
  {
    name: 'alarms',
    async run(s) {
      await s.call('alarm', maintenance.alarm, {});
      await s.call('alarm', maintenance.alarm, { action: 1, memberID: 5n, alarm: 1 });
      await s.call('alarm', maintenance.alarm, { action: 1, memberID: 5n, alarm: 1 });
      await s.call('alarm', maintenance.alarm, {});
      await s.put({ key: bytes('a'), value: bytes('1') });
      await s.txn({ success: [opPut('a', '1')] });
      await s.txn({ success: [opDelete('a')] });
      await s.deleteRange({ key: bytes('a') });
      await s.call('grant', services.lease.leaseGrant, { ID: 1n, TTL: 60n });
      await s.range({ key: bytes('a') });
      await s.call('alarm', maintenance.alarm, { action: 2, memberID: 5n, alarm: 1 });
      await s.call('alarm', maintenance.alarm, { action: 1, memberID: 6n, alarm: 2 });
      await s.put({ key: bytes('a'), value: bytes('1') });
      await s.deleteRange({ key: bytes('a') });
      await s.compact({ revision: 1n });
      await s.call('alarm', maintenance.alarm, { action: 2, memberID: 6n, alarm: 2 });
      await s.put({ key: bytes('a'), value: bytes('1') });
    },
  },
  {
    name: 'defragment, move leader, health',
    async run(s) {
      await s.put({ key: bytes('a'), value: bytes('1') });
      await s.call('defragment', maintenance.defragment, {});
      await s.range({ key: bytes('a') });
      await s.call('moveLeader', maintenance.moveLeader, { targetID: 5n });
      await s.call('health', health.check, {});
      await s.call('health', health.check, { service: 'etcdserverpb.KV' });
    },
  },
];
