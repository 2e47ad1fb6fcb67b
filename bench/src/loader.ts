/** Fills a store with distinct keys: one by one as the load that is measured, or in transactions where only the result matters. */
import { PutRequest, RequestOp, TxnRequest, kvService } from '@kv/proto';
import type { Sample } from './comparison.js';
import { keyBytes, valueBytes } from './generators.js';
import { LoadConnection } from './load-connection.js';
import { framed } from './rpc-client.js';
import type { Shape } from './shape.js';
import type { Side } from './side.js';
import { quantile } from './statistics.js';
import { withRevisionCheck } from './verified.js';

/** etcd's default bound is 128 operations. */
const operationsPerTxn = 100;
const txnsInFlight = 8;

/** The key of a number: as long as every other, in the order of numbers. */
export function keyOf(number: number): Buffer {
  return Buffer.from(`/bench/${String(number).padStart(keyBytes - 7, '0')}`);
}

const value = Buffer.alloc(valueBytes, 'v');

/** Puts keys 0 to `count` - 1, one request each; the revision must rise by `count`. */
export function loadByPuts(side: Side, count: number, shape: Shape): Promise<Sample> {
  return withRevisionCheck(
    side,
    () => putAll(side.endpoint, count, shape),
    () => count,
  );
}

async function putAll(endpoint: string, count: number, shape: Shape): Promise<Sample> {
  const [host = '', port] = endpoint.split(':');
  const latenciesMs = new Float64Array(count);
  const template = framed(
    kvService.put.request.encode(PutRequest.create({ key: keyOf(0), value })),
  );
  const keyAt = template.indexOf(keyOf(0));
  let [begun, answered] = [0, 0];
  const nextBody = (): Buffer | undefined => {
    if (begun === count) return undefined;
    const body = Buffer.from(template);
    body.set(keyOf(begun), keyAt);
    begun += 1;
    return body;
  };
  const onAnswer = (latencyMs: number): void => {
    latenciesMs[answered] = latencyMs;
    answered += 1;
  };
  const startedMs = performance.now();
  const { path } = kvService.put;
  const { streams } = shape;
  const connections = Array.from(
    { length: shape.connections },
    () => new LoadConnection({ host, port: Number(port), path, streams, nextBody, onAnswer }),
  );
  try {
    await Promise.all(connections.map((connection) => connection.done));
  } finally {
    for (const connection of connections) connection.close();
  }
  const perSecond = (answered / (performance.now() - startedMs)) * 1000;
  return { perSecond, p50Ms: quantile(latenciesMs, 0.5), p99Ms: quantile(latenciesMs, 0.99) };
}

/** Puts keys `from` to `to` - 1 in transactions of a hundred. */
export async function fillByTxns(side: Side, from: number, to: number): Promise<void> {
  let next = from;
  const work = async (): Promise<void> => {
    while (next < to) {
      const first = next;
      next = Math.min(to, first + operationsPerTxn);
      const success = Array.from({ length: next - first }, (_, i) =>
        RequestOp.create({
          request: {
            $case: 'requestPut',
            value: PutRequest.create({ key: keyOf(first + i), value }),
          },
        }),
      );
      await side.client.unary(kvService.txn, TxnRequest.create({ success }));
    }
  };
  await Promise.all(Array.from({ length: txnsInFlight }, work));
}
