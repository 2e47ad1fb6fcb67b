/** Answers with fixed data, each with the call that asks for it: the golden files are what etcdctl printed of them. */
import {
  AlarmResponse,
  DeleteRangeResponse,
  HashKVResponse,
  KeyValue,
  LeaseGrantResponse,
  LeaseKeepAliveResponse,
  LeaseLeasesResponse,
  LeaseTimeToLiveResponse,
  MemberListResponse,
  PutResponse,
  RangeResponse,
  StatusResponse,
  TxnResponse,
  WatchResponse,
  services,
  type MethodDescriptor,
} from '@kv/proto';
import type { Printer } from '../src/print/printer.js';

/** Of the server that serves these answers while golden files are made; it shows in some of them. */
export const goldenEndpoint = '127.0.0.1:21299';

export interface GoldenAnswer {
  readonly name: string;
  /** What is asked of etcdctl. */
  readonly args: readonly string[];
  readonly method: MethodDescriptor;
  /** One, or those of a stream. */
  readonly messages: readonly unknown[];
  readonly print: (printer: Printer) => void;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const header = {
  clusterId: 2n ** 64n - 1n,
  memberId: 2n ** 63n,
  revision: 2n ** 53n + 1n,
  raftTerm: 7n,
};
const plain = KeyValue.create({
  key: text('foo'),
  createRevision: 2n,
  modRevision: 2n ** 63n - 1n,
  version: 3n,
  value: text('bar <&>'),
  lease: 0x7af9a1fe1eaacb2dn,
});
const strange = KeyValue.create({
  key: Uint8Array.of(0, 0xff, 0x22, 0x0a),
  modRevision: 1n,
  value: text('\u20ac\u00a0\u2028\u{1f600}\t'),
  lease: -1n,
});
const kvs = [plain, strange, KeyValue.create({})];

const range = RangeResponse.create({ header, kvs, more: true, count: 9n });
const put = PutResponse.create({ header, prevKv: strange });
const del = DeleteRangeResponse.create({ header, deleted: 2n, prevKvs: [plain, strange] });
const nested = { revision: 5n };
const txn = TxnResponse.create({
  header,
  succeeded: true,
  responses: [
    {
      response: {
        $case: 'responseRange',
        value: RangeResponse.create({ header: nested, kvs: [plain], count: 1n }),
      },
    },
    { response: { $case: 'responsePut', value: PutResponse.create({ header: nested }) } },
    {
      response: {
        $case: 'responseDeleteRange',
        value: DeleteRangeResponse.create({ header: nested }),
      },
    },
  ],
});
const created = WatchResponse.create({ header, created: true });
const events = WatchResponse.create({
  header,
  events: [
    { type: 0, kv: plain, prevKv: strange },
    { type: 1, kv: { key: text('gone'), modRevision: 9n }, prevKv: undefined },
  ],
});
const cancelled = WatchResponse.create({ header, canceled: true, compactRevision: 4n });
const grant = LeaseGrantResponse.create({ header, ID: 0xabcn, TTL: 60n });
const keepAlive = LeaseKeepAliveResponse.create({ header, ID: 0xabcn, TTL: 60n });
const ttl = LeaseTimeToLiveResponse.create({
  header,
  ID: 0xabcn,
  TTL: 59n,
  grantedTTL: 60n,
  keys: [text('a'), Uint8Array.of(0xff)],
});
const expired = LeaseTimeToLiveResponse.create({ header, ID: 0xabcn, TTL: -1n });
const leases = LeaseLeasesResponse.create({ header, leases: [{ ID: 1n }, { ID: 2n ** 63n - 1n }] });
const members = MemberListResponse.create({
  header: { ...header, revision: 0n },
  members: [
    {
      ID: 2n ** 64n - 1n,
      name: 'n\u00e9',
      peerURLs: ['http://a:1', 'http://b:2'],
      clientURLs: ['http://c:3'],
    },
    { ID: 5n, name: '', peerURLs: ['http://d:4'], isLearner: true },
  ],
});
const alarms = AlarmResponse.create({
  header,
  alarms: [
    { memberID: 5n, alarm: 1 },
    { memberID: 2n ** 63n, alarm: 2 },
  ],
});
const status = StatusResponse.create({
  header,
  version: '3.7.1',
  dbSize: 25_500n,
  leader: 2n ** 63n,
  raftIndex: 8n,
  raftTerm: 2n,
  raftAppliedIndex: 7n,
  errors: ['memberID:5 alarm:NOSPACE ', 'etcdserver: no leader'],
  dbSizeInUse: 16_384n,
  isLearner: true,
  storageVersion: '3.7.0',
  dbSizeQuota: 2_147_483_648n,
  downgradeInfo: { enabled: true, targetVersion: '3.6.0' },
});
const hash = HashKVResponse.create({
  header,
  hash: 4_294_967_295,
  compactRevision: -1n,
  hashRevision: 13n,
});

const { kv, lease, watch, cluster, maintenance } = services;

export const goldenAnswers: readonly GoldenAnswer[] = [
  answer('get', 'get k', kv.range, [range], (p) => {
    p.get(range, false);
  }),
  answer('get-empty', 'get k', kv.range, [RangeResponse.create({ header })], (p) => {
    p.get(RangeResponse.create({ header }), false);
  }),
  answer('put', 'put k v', kv.put, [put], (p) => {
    p.put(put);
  }),
  answer('del', 'del k', kv.deleteRange, [del], (p) => {
    p.del(del);
  }),
  answer('txn', 'txn', kv.txn, [txn], (p) => {
    p.txn(txn);
  }),
  answer('watch', 'watch k', watch.watch, [created, events, cancelled], (p) => {
    p.watch(events);
    p.watch(cancelled);
  }),
  answer('lease-grant', 'lease grant 60', lease.leaseGrant, [grant], (p) => {
    p.leaseGrant(grant);
  }),
  answer(
    'lease-keep-alive',
    'lease keep-alive --once abc',
    lease.leaseKeepAlive,
    [keepAlive],
    (p) => {
      p.leaseKeepAlive(keepAlive);
    },
  ),
  answer('lease-timetolive', 'lease timetolive --keys abc', lease.leaseTimeToLive, [ttl], (p) => {
    p.leaseTimeToLive(ttl, true);
  }),
  answer('lease-expired', 'lease timetolive abc', lease.leaseTimeToLive, [expired], (p) => {
    p.leaseTimeToLive(expired, false);
  }),
  answer('lease-list', 'lease list', lease.leaseLeases, [leases], (p) => {
    p.leaseList(leases);
  }),
  answer('member-list', 'member list', cluster.memberList, [members], (p) => {
    p.memberList(members);
  }),
  answer('alarm-list', 'alarm list', maintenance.alarm, [alarms], (p) => {
    p.alarms(alarms);
  }),
  answer('endpoint-status', 'endpoint status', maintenance.status, [status], (p) => {
    p.endpointStatus([{ endpoint: goldenEndpoint, status }]);
  }),
  answer('endpoint-hashkv', 'endpoint hashkv', maintenance.hashKV, [hash], (p) => {
    p.endpointHashKV([{ endpoint: goldenEndpoint, hashKV: hash }]);
  }),
];

function answer<Response>(
  name: string,
  words: string,
  method: MethodDescriptor<never, Response> | MethodDescriptor,
  messages: readonly Response[],
  print: (printer: Printer) => void,
): GoldenAnswer {
  return { name, args: words.split(' '), method: method, messages, print };
}
