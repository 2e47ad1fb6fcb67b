/** Hooks hear of every call, retry and connection, can break nothing, and make spans and metrics for OpenTelemetry. */
import { RangeRequest, RangeResponse, kvService } from '@kv/proto/kv';
import { expect, test } from 'vitest';
import type { ClientHooks } from '../src/hooks.js';
import { openTelemetryHooks } from '../src/opentelemetry.js';
import { RawClient } from '../src/raw.js';
import { wireTransport } from '../src/transport/wire/transport.js';
import { Failure, fakeServer, type FakeServer, type UnaryHandler } from './fake-server.js';

const range = kvService.range.path;
const answer = kvService.range.response.encode(RangeResponse.create({ count: 1n }));
const request = RangeRequest.create({ key: Uint8Array.of(1) });

/** Refuses the first call. */
function flaky(
  onCall: (metadata: ReadonlyMap<string, string>) => void = () => undefined,
): Promise<FakeServer> {
  let calls = 0;
  const handler: UnaryHandler = (_request, metadata) => {
    calls += 1;
    onCall(metadata);
    if (calls === 1) throw new Failure(14, 'etcdserver: leader changed');
    return answer;
  };
  return fakeServer({ [range]: handler });
}

async function callOnce(server: FakeServer, hooks: ClientHooks): Promise<void> {
  await using client = await RawClient.open({
    endpoints: [server.endpoint],
    transport: wireTransport,
    hooks,
  });
  await client.call(kvService.range, request);
}

test('what hooks hear of one call that was repeated', async () => {
  await using server = await flaky();
  const heard: unknown[] = [];
  await callOnce(server, {
    onRequest: ({ methodPath, requestBytes }) => {
      heard.push(['request', methodPath, requestBytes]);
      return 'state';
    },
    onRetry: ({ attempt, error }, state) => heard.push(['retry', attempt, error.message, state]),
    onResponse: ({ attempts, error, responseBytes, endpoint }, state) =>
      heard.push(['response', attempts, error, responseBytes, endpoint, state]),
    onConnection: ({ state }) => heard.push(['connection', state]),
  });
  expect(heard).toEqual([
    ['request', range, 3],
    ['connection', 'connected'],
    ['retry', 0, 'etcdserver: leader changed', 'state'],
    ['response', 2, undefined, answer.length, server.endpoint, 'state'],
  ]);
});

test('a hook that throws breaks nothing', async () => {
  await using server = await flaky();
  const broken = (): never => {
    throw new Error('hook');
  };
  await callOnce(server, {
    onRequest: broken,
    onRetry: broken,
    onResponse: broken,
    onConnection: broken,
  });
});

test('a failure is heard as the caller gets it', async () => {
  await using server = await fakeServer({});
  const errors: unknown[] = [];
  await using client = await RawClient.open({
    endpoints: [server.endpoint],
    transport: wireTransport,
    hooks: { onResponse: ({ error }) => errors.push(error) },
  });
  const thrown: unknown = await client
    .call(kvService.range, request)
    .catch((error: unknown) => error);
  expect(errors).toEqual([thrown]);
});

test('OpenTelemetry: a client span with its parent, sent along; a histogram', async () => {
  const headers: (string | undefined)[] = [];
  await using server = await flaky((metadata) => headers.push(metadata.get('traceparent')));
  const log: unknown[] = [];
  const span = {
    setAttributes: (attributes: object) => log.push(attributes),
    setStatus: () => undefined,
    recordException: () => undefined,
    addEvent: (name: string) => log.push(name),
    end: () => log.push('end'),
  };
  await callOnce(
    server,
    openTelemetryHooks<string, typeof span>({
      context: { active: () => 'parent' },
      trace: {
        getTracer: () => ({
          startSpan: (name, { kind }, context) => {
            log.push([name, kind, context]);
            return span;
          },
        }),
        setSpan: (context) => `${context}+span`,
      },
      propagation: {
        inject: (context, carrier) => {
          carrier['traceparent'] = context;
        },
      },
      metrics: {
        getMeter: () => ({
          createHistogram: (name) => ({ record: (ms) => log.push([name, ms >= 0]) }),
        }),
      },
    }),
  );
  expect(headers).toEqual(['parent+span', 'parent+span']);
  expect(log).toEqual([
    ['etcdserverpb.KV/Range', 2, 'parent'],
    'retry',
    ['rpc.client.duration', true],
    expect.objectContaining({
      'rpc.method': 'Range',
      'rpc.grpc.status_code': 0,
      'rpc.attempts': 2,
    }),
    'end',
  ]);
});
