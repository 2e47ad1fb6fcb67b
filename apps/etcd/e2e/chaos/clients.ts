/** Clients in closed loops: ask one member, note what it said, ask again. Nothing that may have been done is repeated. */
import { KvError, RawClient, wireTransport } from '@kv/client/raw';
import {
  Compare,
  DeleteRangeRequest,
  LeaseGrantRequest,
  LeaseKeepAliveRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
  kvService,
  leaseService,
  type RangeResponse,
} from '@kv/proto';
import type { History, KeyState, LeaseRecord, Request, Result } from './history.js';
import type { Random } from './random.js';

const KEYS = Array.from({ length: 8 }, (_, n) => `c/${n}`);
const TIMEOUT_MS = 1_500;
/** Between an answer and the next question; leaves the processor to the members. */
const THINK_MS = 4;
/** After a question that was not answered. */
const RETRY_MS = 50;
const LEASE_TTL_SECONDS = 3;
const RENEWALS_MAX = 4;

const bytes = (text: string): Uint8Array => Buffer.from(text);
export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

let values = 0;
/** Written once. */
function freshValue(): string {
  values += 1;
  return `v${values}`;
}

export interface ClientParts {
  readonly name: string;
  readonly endpoints: readonly string[];
  readonly history: History;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** Until the signal; then it finishes what it has asked. */
export async function runClient(parts: ClientParts): Promise<void> {
  const { name, endpoints, history, random, signal } = parts;
  await using raw = await RawClient.open({ endpoints, transport: wireTransport });
  const known = new Map<string, number>();
  let endpoint = random.pick(endpoints);
  while (!signal.aborted) {
    const request = draw(random, known);
    const invokedMs = performance.now();
    const result = await ask(raw, request, endpoint);
    const returnedMs = performance.now();
    history.operations.push({ client: name, endpoint, request, invokedMs, returnedMs, result });
    if (result.type === 'read') known.set(request.key, result.state?.modRevision ?? 0);
    const isAnswered = result.type !== 'unknown' && result.type !== 'refused';
    if (!isAnswered || random.next() < 0.02) endpoint = random.pick(endpoints);
    await pause(isAnswered ? THINK_MS : RETRY_MS);
  }
}

function draw(random: Random, known: ReadonlyMap<string, number>): Request {
  const key = random.pick(KEYS);
  const dice = random.next();
  if (dice < 0.35) return { kind: 'put', key, value: freshValue() };
  if (dice < 0.55) {
    const modRevision = known.get(key) ?? 0;
    return { kind: 'compareAndSwap', key, value: freshValue(), modRevision };
  }
  if (dice < 0.65) return { kind: 'delete', key };
  return { kind: 'read', key, serializable: dice > 0.88 };
}

async function ask(raw: RawClient, request: Request, endpoint: string): Promise<Result> {
  try {
    return await send(raw, request, { endpoint, timeoutMs: TIMEOUT_MS });
  } catch (error) {
    if (!(error instanceof KvError)) throw error;
    return { type: error.outcome === 'definite' ? 'refused' : 'unknown', why: error.message };
  }
}

interface Settings {
  readonly endpoint: string;
  readonly timeoutMs: number;
}

async function send(raw: RawClient, request: Request, settings: Settings): Promise<Result> {
  const key = bytes(request.key);
  switch (request.kind) {
    case 'put': {
      const put = PutRequest.create({ key, value: bytes(request.value) });
      const { header } = await raw.call(kvService.put, put, settings);
      return { type: 'written', revision: Number(header?.revision) };
    }
    case 'delete': {
      const deletion = DeleteRangeRequest.create({ key });
      const { header, deleted } = await raw.call(kvService.deleteRange, deletion, settings);
      return { type: 'deleted', revision: Number(header?.revision), count: Number(deleted) };
    }
    case 'compareAndSwap': {
      const swap = swapOf(key, bytes(request.value), request.modRevision);
      const { header, succeeded } = await raw.call(kvService.txn, swap, settings);
      return { type: succeeded ? 'written' : 'notSwapped', revision: Number(header?.revision) };
    }
    case 'read': {
      const range = RangeRequest.create({ key, serializable: request.serializable });
      const answer = await raw.call(kvService.range, range, settings);
      return { type: 'read', revision: Number(answer.header?.revision), state: stateOf(answer) };
    }
  }
}

function swapOf(key: Uint8Array, value: Uint8Array, modRevision: number): TxnRequest {
  const put = PutRequest.create({ key, value });
  return TxnRequest.create({
    compare: [
      Compare.create({
        key,
        target: 2, // MOD
        targetUnion: { $case: 'modRevision', value: BigInt(modRevision) },
      }),
    ],
    success: [RequestOp.create({ request: { $case: 'requestPut', value: put } })],
  });
}

function stateOf({ kvs: [kv] }: RangeResponse): KeyState | undefined {
  if (kv === undefined) return undefined;
  return {
    value: Buffer.from(kv.value).toString(),
    createRevision: Number(kv.createRevision),
    modRevision: Number(kv.modRevision),
    version: Number(kv.version),
  };
}

/** Grants a lease, hangs a key on it, renews it a few times and leaves it; then the next one. */
export async function runLeaseKeeper(parts: ClientParts): Promise<void> {
  const { endpoints, history, random, signal } = parts;
  await using raw = await RawClient.open({ endpoints, transport: wireTransport });
  while (!signal.aborted) {
    try {
      const record = await leaseWithKey(raw, history);
      const renewals = random.between(0, RENEWALS_MAX);
      for (let n = 0; n < renewals; n += 1) {
        await pause((LEASE_TTL_SECONDS * 1000) / 3);
        await record.renew();
      }
    } catch (error) {
      // Not granted, or not renewed in time: it is left to expire.
      const isTimeout = error instanceof DOMException && error.name === 'TimeoutError';
      if (!(error instanceof KvError) && !isTimeout) throw error;
    }
    await pause(RETRY_MS);
  }
}

async function leaseWithKey(
  raw: RawClient,
  history: History,
): Promise<{ readonly renew: () => Promise<void> }> {
  const sentMs = performance.now();
  const grant = LeaseGrantRequest.create({ TTL: BigInt(LEASE_TTL_SECONDS) });
  const { ID } = await raw.call(leaseService.leaseGrant, grant, { timeoutMs: TIMEOUT_MS });
  const value = freshValue();
  const key = `lease/${value}`;
  const record: LeaseRecord = { key, ttlMs: LEASE_TTL_SECONDS * 1000, renewedMs: sentMs };
  history.leases.push(record);
  const put = PutRequest.create({ key: bytes(key), value: bytes(value), lease: ID });
  await raw.call(kvService.put, put, { timeoutMs: TIMEOUT_MS });
  return {
    renew: async () => {
      const atMs = performance.now();
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const stream = await raw.stream(leaseService.leaseKeepAlive, { signal });
      stream.send(LeaseKeepAliveRequest.create({ ID }));
      for await (const { TTL } of stream) {
        if (TTL > 0n) record.renewedMs = atMs;
        stream.cancel();
      }
    },
  };
}
