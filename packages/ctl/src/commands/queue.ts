/**
 * The queue that locks and elections stand in: keys under one prefix, each bound to a lease; who has the smallest create revision has the
 * turn (etcd client/v3/concurrency/key.go).
 */
import { watchMessages } from '@kv/client/watch-messages';
import type { RawClient } from '@kv/client/raw';
import {
  Compare,
  Compare_CompareResult,
  Compare_CompareTarget,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RangeRequest_SortOrder,
  RangeRequest_SortTarget,
  RequestOp,
  TxnRequest,
  kvService,
  type KeyValue,
  type RangeResponse,
  type ResponseHeader,
} from '@kv/proto/kv';
import { Event_EventType, WatchCreateRequest } from '@kv/proto/watch';
import { toBytes, type ByteString } from '../bytes.js';
import { ExitCode, ExitError } from '../exit.js';
import { range, prefixEnd } from './range.js';

/** A place in the queue. */
export interface Place {
  readonly key: ByteString;
  /** When it was taken. */
  readonly createRevision: bigint;
  /** Of the answer that gave it. */
  readonly header: ResponseHeader | undefined;
}

/** Keys of the queue `name` begin with this. */
export function queuePrefix(name: ByteString): ByteString {
  return `${name}/`;
}

/** Takes a place, or finds the one that this lease has already. */
export async function takePlace(
  client: RawClient,
  name: ByteString,
  lease: bigint,
  value: ByteString,
  signal: AbortSignal,
): Promise<Place> {
  const key = `${queuePrefix(name)}${BigInt.asUintN(64, lease).toString(16)}`;
  const put = PutRequest.create({ key: toBytes(key), value: toBytes(value), lease });
  const get = RangeRequest.create({ key: toBytes(key) });
  const request = TxnRequest.create({
    compare: [createdAt(key, 0n)],
    success: [RequestOp.create({ request: { $case: 'requestPut', value: put } })],
    failure: [RequestOp.create({ request: { $case: 'requestRange', value: get } })],
  });
  const answer = await client.call(kvService.txn, request, { signal, timeoutMs: Infinity });
  const { header } = answer;
  const [op] = answer.responses;
  const found = op?.response?.$case === 'responseRange' ? op.response.value.kvs[0] : undefined;
  return { key, createRevision: found?.createRevision ?? header?.revision ?? 0n, header };
}

/** Waits until every earlier place is given up. Rejects with the signal's reason. */
export async function waitForTurn(
  client: RawClient,
  name: ByteString,
  place: Place,
  signal: AbortSignal,
): Promise<void> {
  const prefix = queuePrefix(name);
  for (;;) {
    const request = RangeRequest.create({
      ...range(prefix, prefixEnd(prefix)),
      sortTarget: RangeRequest_SortTarget.CREATE,
      sortOrder: RangeRequest_SortOrder.DESCEND,
      limit: 1n,
      maxCreateRevision: place.createRevision - 1n,
    });
    const answer = await client.call(kvService.range, request, { signal, timeoutMs: Infinity });
    const before = answer.kvs[0];
    if (before === undefined) return;
    await waitForDelete(client, before.key, answer.header?.revision ?? 0n, signal);
  }
}

async function waitForDelete(
  client: RawClient,
  key: Uint8Array,
  startRevision: bigint,
  signal: AbortSignal,
): Promise<void> {
  const request = WatchCreateRequest.create({ key, startRevision });
  for await (const { events } of watchMessages(client, request, { signal })) {
    if (events.some(({ type }) => type === Event_EventType.DELETE)) return;
  }
  throw new ExitError(ExitCode.error, 'lost watcher waiting for delete');
}

/** Gives the place up, unless it is somebody else's by now. */
export async function leavePlace(client: RawClient, place: Place): Promise<void> {
  const value = DeleteRangeRequest.create({ key: toBytes(place.key) });
  const request = TxnRequest.create({
    compare: [createdAt(place.key, place.createRevision)],
    success: [RequestOp.create({ request: { $case: 'requestDeleteRange', value } })],
  });
  await client.call(kvService.txn, request, { timeoutMs: Infinity });
}

/** The place of whoever has the turn, as an answer to a range request. */
export function firstPlace(
  client: RawClient,
  name: ByteString,
  signal: AbortSignal,
): Promise<RangeResponse> {
  const prefix = queuePrefix(name);
  const request = RangeRequest.create({
    ...range(prefix, prefixEnd(prefix)),
    sortTarget: RangeRequest_SortTarget.CREATE,
    sortOrder: RangeRequest_SortOrder.ASCEND,
    limit: 1n,
  });
  return client.call(kvService.range, request, { signal, timeoutMs: Infinity });
}

/** What a key holds now. */
export async function readPlace(
  client: RawClient,
  place: Place,
  signal: AbortSignal,
): Promise<{ readonly answer: RangeResponse; readonly kv: KeyValue | undefined }> {
  const request = RangeRequest.create({ key: toBytes(place.key) });
  const answer = await client.call(kvService.range, request, { signal, timeoutMs: Infinity });
  return { answer, kv: answer.kvs[0] };
}

function createdAt(key: ByteString, createRevision: bigint): Compare {
  return Compare.create({
    key: toBytes(key),
    target: Compare_CompareTarget.CREATE,
    result: Compare_CompareResult.EQUAL,
    targetUnion: { $case: 'createRevision', value: createRevision },
  });
}
