/** The format for scripts: one `"Name" : value` per line. */
import type { KeyValue, ResponseHeader, ResponseOp } from '@kv/proto/kv';
import { fromBytes, fromText, type ByteString } from '../bytes.js';
import { quote } from '../go/quote.js';
import type { Output, Printer, PrintOptions } from './printer.js';
import { alarmName, eventName, hexId, leaseHex } from './text.js';

type Field = readonly [name: string, value: ByteString | bigint | number | boolean];

export function fieldsPrinter(options: PrintOptions, output: Output): Printer {
  const member = (id: bigint): ByteString => (options.hex ? hexId(id) : String(id));
  const lease = (id: bigint): ByteString => (options.hex ? leaseHex(id) : String(id));

  const header = (of: ResponseHeader | undefined): Field[] => [
    ['ClusterID', member(of?.clusterId ?? 0n)],
    ['MemberID', member(of?.memberId ?? 0n)],
    // Only answers about keys have one.
    ...((of?.revision ?? 0n) > 0n ? [['Revision', of?.revision ?? 0n] as const] : []),
    ['RaftTerm', of?.raftTerm ?? 0n],
  ];
  const pair = (prefix: string, kv: KeyValue | undefined): Field[] => [
    [`${prefix}Key`, quoted(kv?.key)],
    [`${prefix}CreateRevision`, kv?.createRevision ?? 0n],
    [`${prefix}ModRevision`, kv?.modRevision ?? 0n],
    [`${prefix}Version`, kv?.version ?? 0n],
    [`${prefix}Value`, quoted(kv?.value)],
    [`${prefix}Lease`, lease(kv?.lease ?? 0n)],
  ];
  const print = (...fields: readonly Field[]): void => {
    output.stdout(fields.map(([name, value]) => `"${name}" : ${value}\n`).join(''));
  };
  const operation = (op: ResponseOp): void => {
    switch (op.response?.$case) {
      case 'responseRange':
        printer.get(op.response.value, false);
        return;
      case 'responsePut':
        printer.put(op.response.value);
        return;
      case 'responseDeleteRange':
        printer.del(op.response.value);
        return;
      case 'responseTxn':
      case undefined:
        print(['Unknown', quote(op.response?.$case ?? '<nil>')]);
        return;
    }
  };

  const printer: Printer = {
    format: 'fields',
    get: ({ header: of, kvs, more, count }) => {
      print(...header(of), ...kvs.flatMap((kv) => pair('', kv)), ['More', more], ['Count', count]);
    },
    put: ({ header: of, prevKv }) => {
      print(...header(of), ...(prevKv === undefined ? [] : pair('Prev', prevKv)));
    },
    del: ({ header: of, deleted, prevKvs }) => {
      print(...header(of), ['Deleted', deleted], ...prevKvs.flatMap((kv) => pair('Prev', kv)));
    },
    txn: ({ header: of, succeeded, responses }) => {
      print(...header(of), ['Succeeded', succeeded]);
      responses.forEach(operation);
    },
    watch: ({ header: of, events }) => {
      print(
        ...header(of),
        ...events.flatMap(({ type, kv, prevKv }) => [
          ['Type', eventName(type)] as const,
          ...(prevKv === undefined ? [] : pair('Prev', prevKv)),
          ...pair('', kv),
        ]),
      );
    },
    leaseGrant: ({ header: of, ID, TTL }) => {
      print(...header(of), ['ID', lease(ID)], ['TTL', TTL]);
    },
    leaseRevoke: (_id, { header: of }) => {
      print(...header(of));
    },
    leaseKeepAlive: ({ header: of, ID, TTL }) => {
      print(...header(of), ['ID', lease(ID)], ['TTL', TTL]);
    },
    leaseTimeToLive: ({ header: of, ID, TTL, grantedTTL, keys }) => {
      const attached = keys.map((key) => ['Key', quoted(key)] as const);
      print(
        ...header(of),
        ['ID', lease(ID)],
        ['TTL', TTL],
        ['GrantedTTL', grantedTTL],
        ...attached,
      );
    },
    leaseList: ({ header: of, leases }) => {
      print(...header(of), ...leases.map(({ ID }) => ['ID', lease(ID)] as const));
    },
    memberList: ({ header: of, members }) => {
      print(...header(of));
      for (const { ID, name, peerURLs, clientURLs, isLearner } of members) {
        print(
          ['ID', member(ID)],
          ['Name', quote(fromText(name))],
          ...peerURLs.map((url) => ['PeerURL', quote(fromText(url))] as const),
          ...clientURLs.map((url) => ['ClientURL', quote(fromText(url))] as const),
          ['IsLearner', isLearner],
        );
        output.stdout('\n');
      }
    },
    alarms: ({ header: of, alarms }) => {
      print(...header(of));
      for (const { memberID, alarm } of alarms) {
        print(['MemberID', member(memberID)], ['AlarmType', alarmName(alarm)]);
        output.stdout('\n');
      }
    },
    endpointHealth: (list) => {
      for (const { endpoint, health, took, error } of list) {
        print(['Endpoint', quote(endpoint)], ['Health', health], ['Took', took], ['Error', error]);
        output.stdout('\n');
      }
    },
    endpointStatus: (list) => {
      for (const { endpoint, status } of list) {
        print(
          ...header(status.header),
          ['Version', quote(fromText(status.version))],
          ['StorageVersion', quote(fromText(status.storageVersion))],
          ['DBSize', status.dbSize],
          ['DBSizeInUse', status.dbSizeInUse],
          ['DBSizeQuota', status.dbSizeQuota],
          ['Leader', status.leader],
          ['IsLearner', status.isLearner],
          ['RaftIndex', status.raftIndex],
          ['RaftTerm', status.raftTerm],
          ['RaftAppliedIndex', status.raftAppliedIndex],
          ['Errors', `[${fromText(status.errors.join(' '))}]`],
          ['Endpoint', quote(endpoint)],
          ['DowngradeTargetVersion', quote(fromText(status.downgradeInfo?.targetVersion ?? ''))],
          ['DowngradeEnabled', status.downgradeInfo?.enabled ?? false],
        );
        output.stdout('\n');
      }
    },
    endpointHashKV: (list) => {
      for (const { endpoint, hashKV } of list) {
        print(
          ...header(hashKV.header),
          ['Endpoint', quote(endpoint)],
          ['Hash', hashKV.hash],
          ['HashRevision', hashKV.hashRevision],
        );
        output.stdout('\n');
      }
    },
  };
  return printer;
}

function quoted(bytes: Uint8Array | undefined): ByteString {
  return quote(bytes === undefined ? '' : fromBytes(bytes));
}
