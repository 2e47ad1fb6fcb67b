/** The format for scripts: one `"Name" : value` per line. */
import type { MemberListResponse } from '@kv/proto/cluster';
import type {
  DeleteRangeResponse,
  KeyValue,
  PutResponse,
  RangeResponse,
  ResponseHeader,
  ResponseOp,
  TxnResponse,
} from '@kv/proto/kv';
import type {
  LeaseGrantResponse,
  LeaseKeepAliveResponse,
  LeaseLeasesResponse,
  LeaseRevokeResponse,
  LeaseTimeToLiveResponse,
} from '@kv/proto/lease';
import type { AlarmResponse } from '@kv/proto/maintenance';
import type { WatchResponse } from '@kv/proto/watch';
import { fromBytes, fromText, type ByteString } from '../bytes.js';
import { quote } from '../go/quote.js';
import {
  unsupported,
  type EndpointHashKV,
  type EndpointHealth,
  type EndpointStatus,
  type Output,
  type Printer,
  type PrintOptions,
} from './printer.js';
import type { Report } from './report.js';
import { alarmName, eventName, hexId, leaseHex } from './text.js';

type Field = readonly [name: string, value: ByteString | bigint | number | boolean];

export function fieldsPrinter(options: PrintOptions, output: Output): Printer {
  return new FieldsPrinter(options, output);
}

class FieldsPrinter implements Printer {
  readonly format = 'fields';
  readonly #hex: boolean;
  readonly #output: Output;

  constructor(options: PrintOptions, output: Output) {
    this.#hex = options.hex;
    this.#output = output;
  }

  #print(...fields: readonly Field[]): void {
    this.#output.stdout(fields.map(([name, value]) => `"${name}" : ${value}\n`).join(''));
  }

  /** The fields of one item of a list, which an empty line ends. */
  #printItem(...fields: readonly Field[]): void {
    this.#print(...fields);
    this.#output.stdout('\n');
  }

  #member(id: bigint): ByteString {
    return this.#hex ? hexId(id) : String(id);
  }

  #lease(id: bigint): ByteString {
    return this.#hex ? leaseHex(id) : String(id);
  }

  #header(header: ResponseHeader | undefined): readonly Field[] {
    const revision = header?.revision ?? 0n;
    return [
      ['ClusterID', this.#member(header?.clusterId ?? 0n)],
      ['MemberID', this.#member(header?.memberId ?? 0n)],
      // Only answers about keys have one.
      ...(revision > 0n ? [['Revision', revision] as const] : []),
      ['RaftTerm', header?.raftTerm ?? 0n],
    ];
  }

  #pair(prefix: '' | 'Prev', kv: KeyValue | undefined): readonly Field[] {
    return [
      [`${prefix}Key`, quoted(kv?.key)],
      [`${prefix}CreateRevision`, kv?.createRevision ?? 0n],
      [`${prefix}ModRevision`, kv?.modRevision ?? 0n],
      [`${prefix}Version`, kv?.version ?? 0n],
      [`${prefix}Value`, quoted(kv?.value)],
      [`${prefix}Lease`, this.#lease(kv?.lease ?? 0n)],
    ];
  }

  #previous(kv: KeyValue | undefined): readonly Field[] {
    return kv === undefined ? [] : this.#pair('Prev', kv);
  }

  get({ header, kvs, more, count }: RangeResponse): void {
    const pairs = kvs.flatMap((kv) => this.#pair('', kv));
    this.#print(...this.#header(header), ...pairs, ['More', more], ['Count', count]);
  }

  put({ header, prevKv }: PutResponse): void {
    this.#print(...this.#header(header), ...this.#previous(prevKv));
  }

  del({ header, deleted, prevKvs }: DeleteRangeResponse): void {
    const pairs = prevKvs.flatMap((kv) => this.#pair('Prev', kv));
    this.#print(...this.#header(header), ['Deleted', deleted], ...pairs);
  }

  txn({ header, succeeded, responses }: TxnResponse): void {
    this.#print(...this.#header(header), ['Succeeded', succeeded]);
    for (const op of responses) this.#operation(op);
  }

  #operation({ response }: ResponseOp): void {
    switch (response?.$case) {
      case 'responseRange':
        this.get(response.value);
        return;
      case 'responsePut':
        this.put(response.value);
        return;
      case 'responseDeleteRange':
        this.del(response.value);
        return;
      case 'responseTxn':
      case undefined:
        this.#print(['Unknown', quote(response?.$case ?? '<nil>')]);
        return;
    }
  }

  watch({ header, events }: WatchResponse): void {
    const fields = events.flatMap(({ type, kv, prevKv }): readonly Field[] => [
      ['Type', eventName(type)],
      ...this.#previous(prevKv),
      ...this.#pair('', kv),
    ]);
    this.#print(...this.#header(header), ...fields);
  }

  leaseGrant({ header, ID, TTL }: LeaseGrantResponse): void {
    this.#print(...this.#header(header), ['ID', this.#lease(ID)], ['TTL', TTL]);
  }

  leaseRevoke(_id: bigint, { header }: LeaseRevokeResponse): void {
    this.#print(...this.#header(header));
  }

  leaseKeepAlive({ header, ID, TTL }: LeaseKeepAliveResponse): void {
    this.#print(...this.#header(header), ['ID', this.#lease(ID)], ['TTL', TTL]);
  }

  leaseTimeToLive({ header, ID, TTL, grantedTTL, keys }: LeaseTimeToLiveResponse): void {
    this.#print(
      ...this.#header(header),
      ['ID', this.#lease(ID)],
      ['TTL', TTL],
      ['GrantedTTL', grantedTTL],
      ...keys.map((key): Field => ['Key', quoted(key)]),
    );
  }

  leaseList({ header, leases }: LeaseLeasesResponse): void {
    this.#print(...this.#header(header), ...leases.map(({ ID }): Field => ['ID', this.#lease(ID)]));
  }

  memberList({ header, members }: MemberListResponse): void {
    this.#print(...this.#header(header));
    for (const { ID, name, peerURLs, clientURLs, isLearner } of members) {
      this.#printItem(
        ['ID', this.#member(ID)],
        ['Name', quote(fromText(name))],
        ...peerURLs.map((url): Field => ['PeerURL', quote(fromText(url))]),
        ...clientURLs.map((url): Field => ['ClientURL', quote(fromText(url))]),
        ['IsLearner', isLearner],
      );
    }
  }

  alarms({ header, alarms }: AlarmResponse): void {
    this.#print(...this.#header(header));
    for (const { memberID, alarm } of alarms) {
      this.#printItem(['MemberID', this.#member(memberID)], ['AlarmType', alarmName(alarm)]);
    }
  }

  endpointHealth(list: readonly EndpointHealth[]): void {
    for (const { endpoint, health, took, error } of list) {
      this.#printItem(
        ['Endpoint', quote(endpoint)],
        ['Health', health],
        ['Took', took],
        ['Error', error],
      );
    }
  }

  endpointStatus(list: readonly EndpointStatus[]): void {
    for (const { endpoint, status } of list) {
      this.#printItem(
        ...this.#header(status.header),
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
    }
  }

  endpointHashKV(list: readonly EndpointHashKV[]): void {
    for (const { endpoint, hashKV } of list) {
      this.#printItem(
        ...this.#header(hashKV.header),
        ['Endpoint', quote(endpoint)],
        ['Hash', hashKV.hash],
        ['HashRevision', hashKV.hashRevision],
      );
    }
  }

  report({ header, fields }: Report): void {
    if (fields === undefined) unsupported('fields');
    this.#print(...this.#header(header));
    this.#output.stdout(fields);
  }
}

function quoted(bytes: Uint8Array | undefined): ByteString {
  return quote(bytes === undefined ? '' : fromBytes(bytes));
}
