/** The format for programs: one line of JSON, in the order and with the omissions of etcd's Go structures. */
import type { Member } from '@kv/proto/cluster';
import type {
  KeyValue,
  ResponseHeader,
  ResponseOp,
  TxnResponse,
  RangeResponse,
  PutResponse,
  DeleteRangeResponse,
} from '@kv/proto/kv';
import type { StatusResponse } from '@kv/proto/maintenance';
import type { Event } from '@kv/proto/watch';
import { fromText } from '../bytes.js';
import {
  JsonObject,
  always,
  unlessEmpty,
  writeJson,
  type Json,
  type JsonMember,
} from './json-value.js';
import type { Output, Printer, PrintOptions } from './printer.js';
import { hexId } from './text.js';

type Members = readonly (JsonMember | undefined)[];
const object = (...members: Members): JsonObject => new JsonObject(members);

export function jsonPrinter(options: PrintOptions, output: Output): Printer {
  const print = (value: Json): void => {
    output.stdout(`${writeJson(value)}\n`);
  };
  return {
    format: 'json',
    get: (answer) => {
      print(range(answer));
    },
    put: (answer) => {
      print(put(answer));
    },
    del: (answer) => {
      print(deleteRange(answer));
    },
    txn: (answer) => {
      print(txn(answer));
    },
    watch: (answer) => {
      print(
        object(
          always(
            'Header',
            answer.header === undefined ? null : object(...headerMembers(answer.header)),
          ),
          always('Events', answer.events.length === 0 ? null : answer.events.map(event)),
          always('CompactRevision', answer.compactRevision),
          always('Canceled', answer.canceled),
          always('Created', answer.created),
          always('CancelReason', fromText(answer.cancelReason)),
        ),
      );
    },
    leaseGrant: ({ header: of, ID, TTL, error }) => {
      print(
        object(
          ...headerMembers(of),
          always('ID', ID),
          always('TTL', TTL),
          always('Error', fromText(error)),
        ),
      );
    },
    leaseRevoke: (_id, { header: of }) => {
      print(object(header(of)));
    },
    leaseKeepAlive: ({ header: of, ID, TTL }) => {
      print(object(...headerMembers(of), always('ID', ID), always('TTL', TTL)));
    },
    leaseTimeToLive: ({ header: of, ID, TTL, grantedTTL, keys }) => {
      print(
        object(
          ...headerMembers(of),
          always('id', ID),
          always('ttl', TTL),
          always('granted-ttl', grantedTTL),
          always('keys', keys.length === 0 ? null : keys),
        ),
      );
    },
    leaseList: ({ header: of, leases }) => {
      print(
        object(
          ...headerMembers(of),
          always(
            'leases',
            leases.map(({ ID }) => object(always('id', ID))),
          ),
        ),
      );
    },
    memberList: (answer) => {
      print(
        options.hex
          ? object(
              always('header', hexHeader(answer.header)),
              always('members', answer.members.map(hexMember)),
            )
          : object(header(answer.header), unlessEmpty('members', answer.members.map(member))),
      );
    },
    alarms: ({ header: of, alarms }) => {
      const list = alarms.map(({ memberID, alarm }) =>
        object(unlessEmpty('memberID', memberID), unlessEmpty('alarm', alarm)),
      );
      print(object(header(of), unlessEmpty('alarms', list)));
    },
    endpointHealth: (list) => {
      print(
        orNull(
          list.map(({ endpoint, health, took, error }) =>
            object(
              always('endpoint', endpoint),
              always('health', health),
              always('took', took),
              unlessEmpty('error', error),
            ),
          ),
        ),
      );
    },
    endpointStatus: (list) => {
      print(
        orNull(
          list.map((item) =>
            object(always('Endpoint', item.endpoint), always('Status', status(item.status))),
          ),
        ),
      );
    },
    endpointHashKV: (list) => {
      print(
        orNull(
          list.map(({ endpoint, hashKV }) => {
            const hash = object(
              header(hashKV.header),
              unlessEmpty('hash', hashKV.hash),
              unlessEmpty('compact_revision', hashKV.compactRevision),
              unlessEmpty('hash_revision', hashKV.hashRevision),
            );
            return object(always('Endpoint', endpoint), always('HashKV', hash));
          }),
        ),
      );
    },
  };
}

function orNull(list: readonly Json[]): Json {
  return list.length === 0 ? null : list;
}

function headerMembers(of: ResponseHeader | undefined): Members {
  if (of === undefined) return [];
  return [
    unlessEmpty('cluster_id', of.clusterId),
    unlessEmpty('member_id', of.memberId),
    unlessEmpty('revision', of.revision),
    unlessEmpty('raft_term', of.raftTerm),
  ];
}

function header(of: ResponseHeader | undefined): JsonMember | undefined {
  return of === undefined ? undefined : always('header', object(...headerMembers(of)));
}

function hexHeader(of: ResponseHeader | undefined): Json {
  if (of === undefined) return null;
  return object(
    always('cluster_id', hexId(of.clusterId)),
    always('member_id', hexId(of.memberId)),
    unlessEmpty('revision', of.revision),
    unlessEmpty('raft_term', of.raftTerm),
  );
}

function keyValue(kv: KeyValue): JsonObject {
  return object(
    unlessEmpty('key', kv.key),
    unlessEmpty('create_revision', kv.createRevision),
    unlessEmpty('mod_revision', kv.modRevision),
    unlessEmpty('version', kv.version),
    unlessEmpty('value', kv.value),
    unlessEmpty('lease', kv.lease),
  );
}

function optionalPair(name: string, kv: KeyValue | undefined): JsonMember | undefined {
  return kv === undefined ? undefined : always(name, keyValue(kv));
}

function range(answer: RangeResponse): JsonObject {
  return object(
    header(answer.header),
    unlessEmpty('kvs', answer.kvs.map(keyValue)),
    unlessEmpty('more', answer.more),
    unlessEmpty('count', answer.count),
  );
}

function put(answer: PutResponse): JsonObject {
  return object(header(answer.header), optionalPair('prev_kv', answer.prevKv));
}

function deleteRange(answer: DeleteRangeResponse): JsonObject {
  return object(
    header(answer.header),
    unlessEmpty('deleted', answer.deleted),
    unlessEmpty('prev_kvs', answer.prevKvs.map(keyValue)),
  );
}

function txn(answer: TxnResponse): JsonObject {
  return object(
    header(answer.header),
    unlessEmpty('succeeded', answer.succeeded),
    unlessEmpty(
      'responses',
      answer.responses.map((op) => object(always('Response', operation(op)))),
    ),
  );
}

function operation({ response }: ResponseOp): JsonObject {
  switch (response?.$case) {
    case 'responseRange':
      return object(always('response_range', range(response.value)));
    case 'responsePut':
      return object(always('response_put', put(response.value)));
    case 'responseDeleteRange':
      return object(always('response_delete_range', deleteRange(response.value)));
    case 'responseTxn':
      return object(always('response_txn', txn(response.value)));
    case undefined:
      return object();
  }
}

function event({ type, kv, prevKv }: Event): JsonObject {
  return object(unlessEmpty('type', type), optionalPair('kv', kv), optionalPair('prev_kv', prevKv));
}

function member(of: Member): JsonObject {
  return object(unlessEmpty('ID', of.ID), ...memberRest(of));
}

function hexMember(of: Member): JsonObject {
  return object(always('ID', hexId(of.ID)), ...memberRest(of));
}

function memberRest(of: Member): Members {
  return [
    unlessEmpty('name', fromText(of.name)),
    unlessEmpty('peerURLs', of.peerURLs.map(fromText)),
    unlessEmpty('clientURLs', of.clientURLs.map(fromText)),
    unlessEmpty('isLearner', of.isLearner),
  ];
}

function status(of: StatusResponse): JsonObject {
  const downgrade = of.downgradeInfo;
  return object(
    header(of.header),
    unlessEmpty('version', fromText(of.version)),
    unlessEmpty('dbSize', of.dbSize),
    unlessEmpty('leader', of.leader),
    unlessEmpty('raftIndex', of.raftIndex),
    unlessEmpty('raftTerm', of.raftTerm),
    unlessEmpty('raftAppliedIndex', of.raftAppliedIndex),
    unlessEmpty('errors', of.errors.map(fromText)),
    unlessEmpty('dbSizeInUse', of.dbSizeInUse),
    unlessEmpty('isLearner', of.isLearner),
    unlessEmpty('storageVersion', fromText(of.storageVersion)),
    unlessEmpty('dbSizeQuota', of.dbSizeQuota),
    downgrade === undefined
      ? undefined
      : always(
          'downgradeInfo',
          object(
            unlessEmpty('enabled', downgrade.enabled),
            unlessEmpty('targetVersion', fromText(downgrade.targetVersion)),
          ),
        ),
  );
}
