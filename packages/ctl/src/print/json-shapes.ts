/** Answers as JSON: the members of etcd's Go structures, in their order, with their omissions. */
import type { Member } from '@kv/proto/cluster';
import type {
  DeleteRangeResponse,
  KeyValue,
  PutResponse,
  RangeResponse,
  ResponseHeader,
  ResponseOp,
  TxnResponse,
} from '@kv/proto/kv';
import type { HashKVResponse, StatusResponse } from '@kv/proto/maintenance';
import type { Event } from '@kv/proto/watch';
import { fromText } from '../bytes.js';
import { JsonObject, always, unlessEmpty, type Json, type JsonMember } from './json-value.js';
import { hexId } from './text.js';

export type Members = readonly (JsonMember | undefined)[];

export function object(...members: Members): JsonObject {
  return new JsonObject(members);
}

export function headerMembers(of: ResponseHeader | undefined): Members {
  if (of === undefined) return [];
  return [
    unlessEmpty('cluster_id', of.clusterId),
    unlessEmpty('member_id', of.memberId),
    unlessEmpty('revision', of.revision),
    unlessEmpty('raft_term', of.raftTerm),
  ];
}

export function header(of: ResponseHeader | undefined): JsonMember | undefined {
  return of === undefined ? undefined : always('header', object(...headerMembers(of)));
}

export function hexHeader(of: ResponseHeader | undefined): Json {
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

export function range(answer: RangeResponse): JsonObject {
  return object(
    header(answer.header),
    unlessEmpty('kvs', answer.kvs.map(keyValue)),
    unlessEmpty('more', answer.more),
    unlessEmpty('count', answer.count),
  );
}

export function put(answer: PutResponse): JsonObject {
  return object(header(answer.header), optionalPair('prev_kv', answer.prevKv));
}

export function deleteRange(answer: DeleteRangeResponse): JsonObject {
  return object(
    header(answer.header),
    unlessEmpty('deleted', answer.deleted),
    unlessEmpty('prev_kvs', answer.prevKvs.map(keyValue)),
  );
}

export function txn(answer: TxnResponse): JsonObject {
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

export function event({ type, kv, prevKv }: Event): JsonObject {
  return object(unlessEmpty('type', type), optionalPair('kv', kv), optionalPair('prev_kv', prevKv));
}

export function member(of: Member): JsonObject {
  return object(unlessEmpty('ID', of.ID), ...memberRest(of));
}

export function hexMember(of: Member): JsonObject {
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

export function status(of: StatusResponse): JsonObject {
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

export function hashKV(of: HashKVResponse): JsonObject {
  return object(
    header(of.header),
    unlessEmpty('hash', of.hash),
    unlessEmpty('compact_revision', of.compactRevision),
    unlessEmpty('hash_revision', of.hashRevision),
  );
}
