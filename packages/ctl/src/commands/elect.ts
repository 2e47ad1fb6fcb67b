/** `elect`: stands for an election until a signal comes, or tells who leads. */
import { watchMessages } from '@kv/client/watch-messages';
import type { RawClient } from '@kv/client/raw';
import { RangeResponse, type KeyValue, type ResponseHeader } from '@kv/proto/kv';
import { Event_EventType, WatchCreateRequest, type WatchResponse } from '@kv/proto/watch';
import type { ByteString } from '../bytes.js';
import type { CommandContext, Session } from '../context.js';
import { ExitCode, ExitError, badArgs } from '../exit.js';
import { orFail } from './failure.js';
import { aborted, interruption } from './interruption.js';
import { openLeaseSession } from './lease-session.js';
import { firstPlace, leavePlace, queuePrefix, readPlace, takePlace, waitForTurn } from './queue.js';
import { prefixEnd, range } from './range.js';
import { explicitTimeoutMs } from './timeout.js';

/** As etcd's sessions have it when nobody says otherwise. */
const ttlSeconds = 60n;

export async function run(context: CommandContext): Promise<ExitCode> {
  const [name, proposal, ...rest] = context.args;
  if (name === undefined || rest.length > 0) {
    throw badArgs('elect takes one election name argument and an optional proposal argument');
  }
  // etcdctl makes its client first: a bad option is then reported before a bad combination.
  const session = await context.open();
  const listens = context.flags.bool('listen');
  if (proposal === undefined) {
    if (!listens) throw badArgs('no proposal argument but -l not set');
    return observe(context, session, name);
  }
  if (listens) throw badArgs('proposal given but -l is set');
  return orFail(campaign(context, session, name, proposal));
}

async function campaign(
  { flags, io }: CommandContext,
  { client, config, printer }: Session,
  name: ByteString,
  proposal: ByteString,
): Promise<ExitCode> {
  const timeoutMs = explicitTimeoutMs(flags, config);
  const lease = await openLeaseSession(client, ttlSeconds, timeoutMs);
  const signal = interruption(io);
  const place = await takePlace(client, name, lease.leaseId, proposal, signal);
  try {
    await waitForTurn(client, name, place, signal);
  } catch (error) {
    if (signal.aborted) await leavePlace(client, place);
    throw error;
  }
  const { answer } = await readPlace(client, place, signal);
  printer.get(answer, false);
  const why = await Promise.race([
    aborted(signal).then(() => 'stopped' as const),
    lease.ended.then(() => 'expired' as const),
  ]);
  if (why === 'expired') throw new ExitError(ExitCode.error, 'elect: session expired');
  await leavePlace(client, place);
  return ExitCode.success;
}

/** Prints every leader. Needs no lease, unlike in etcdctl, which makes one and leaves it behind; and says why it failed, where etcdctl does not. */
async function observe(
  { io }: CommandContext,
  { client, printer }: Session,
  name: ByteString,
): Promise<ExitCode> {
  const signal = interruption(io);
  const print = async (): Promise<void> => {
    for await (const leader of leaders(client, name, signal)) printer.get(leader, false);
  };
  try {
    await orFail(print());
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  if (!signal.aborted) throw new ExitError(ExitCode.error, 'elect: observer lost');
  return ExitCode.success;
}

/** Each proclamation of each leader, shaped like the answer to a get (etcd client/v3/concurrency/election.go). */
async function* leaders(
  client: RawClient,
  name: ByteString,
  signal: AbortSignal,
): AsyncGenerator<RangeResponse, void, undefined> {
  for (;;) {
    const { header, kvs } = await firstPlace(client, name, signal);
    const first = leaderOf(header, kvs[0]) ?? (await firstPut(client, name, header, signal));
    if (first === undefined) return;
    yield first.answer;
    const startRevision = (first.answer.header?.revision ?? 0n) + 1n;
    const request = WatchCreateRequest.create({ key: first.kv.key, startRevision });
    const isOver = yield* proclamations(watchMessages(client, request, { signal }));
    if (!isOver) return;
  }
}

interface Leader {
  readonly kv: KeyValue;
  readonly answer: RangeResponse;
}

function leaderOf(
  header: ResponseHeader | undefined,
  kv: KeyValue | undefined,
): Leader | undefined {
  return kv === undefined ? undefined : { kv, answer: RangeResponse.create({ header, kvs: [kv] }) };
}

/** Of an election without candidates: the first one; undefined when the watch is lost. */
async function firstPut(
  client: RawClient,
  name: ByteString,
  seen: ResponseHeader | undefined,
  signal: AbortSignal,
): Promise<Leader | undefined> {
  const prefix = queuePrefix(name);
  const request = WatchCreateRequest.create({
    ...range(prefix, prefixEnd(prefix)),
    startRevision: seen?.revision ?? 0n,
  });
  for await (const { header, events } of watchMessages(client, request, { signal })) {
    const kv = events.find(({ type }) => type === Event_EventType.PUT)?.kv;
    if (kv === undefined || header === undefined) continue;
    // The answer may hold more than this candidate: it shows the revision at which it came.
    return leaderOf({ ...header, revision: kv.modRevision }, kv);
  }
  return undefined;
}

/** New values of a leader's key; true when it was deleted, false when the watch is lost. */
async function* proclamations(
  watch: AsyncIterable<WatchResponse>,
): AsyncGenerator<RangeResponse, boolean, undefined> {
  for await (const { header, events } of watch) {
    for (const { type, kv } of events) {
      if (type === Event_EventType.DELETE) return true;
      if (kv !== undefined) yield RangeResponse.create({ header, kvs: [kv] });
    }
  }
  return false;
}
