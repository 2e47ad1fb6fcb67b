/** What the client does when servers fail: retries, deadlines, tokens, closing. Against a server in this process. */
import { authService } from '@kv/proto/auth';
import { PutRequest, PutResponse, RangeRequest, RangeResponse, kvService } from '@kv/proto/kv';
import { describe, expect, test } from 'vitest';
import { Client } from '../src/client.js';
import { KvError } from '../src/errors.js';
import { RawClient } from '../src/raw.js';
import { wireTransport } from '../src/transport/wire/transport.js';
import type { ClientOptions } from '../src/options.js';
import { Failure, fakeServer } from './fake-server.js';
import { FaultyProxy } from './faulty-proxy.js';

const put = kvService.put.path;
const range = kvService.range.path;
const putRequest = PutRequest.create({ key: Uint8Array.of(1), value: Uint8Array.of(2) });
const rangeRequest = RangeRequest.create({ key: Uint8Array.of(1) });
const emptyPut = kvService.put.response.encode(PutResponse.create({}));
const emptyRange = kvService.range.response.encode(RangeResponse.create({}));

function open(endpoints: readonly string[], more: Partial<ClientOptions> = {}): Promise<RawClient> {
  return RawClient.open({ endpoints, transport: wireTransport, ...more });
}

async function failureOf(call: Promise<unknown>): Promise<KvError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof KvError)) throw new Error(`expected a KvError, got ${String(error)}`);
  return error;
}

describe('G-18: honest errors', () => {
  test('a read is sent again on UNAVAILABLE until it succeeds', async () => {
    let calls = 0;
    await using server = await fakeServer({
      [range]: () => {
        calls += 1;
        if (calls < 4) throw new Failure(14, 'etcdserver: leader changed');
        return emptyRange;
      },
    });
    const failures: number[] = [];
    await using client = await open([server.endpoint], {
      onFailedAttempt: ({ attempt }) => {
        failures.push(attempt);
      },
    });
    await client.call(kvService.range, rangeRequest);
    expect(calls).toBe(4);
    expect(failures).toEqual([0, 1, 2]);
  });

  test.each([
    [14, 'etcdserver: request timed out', 'timeout', 'unknown'],
    [14, 'etcdserver: leader changed', 'leaderChanged', 'unknown'],
    [2, 'something broke', 'unrecognized', 'unknown'],
    [4, 'context deadline exceeded', 'contextDeadlineExceeded', 'unknown'],
    [8, 'etcdserver: mvcc: database space exceeded', 'noSpace', 'definite'],
    [5, 'etcdserver: requested lease not found', 'leaseNotFound', 'definite'],
    [7, 'etcdserver: permission denied', 'permissionDenied', 'definite'],
  ])(
    'C1: a write that failed with %i %s is sent once, and says that the outcome is %s',
    async (code, text, key, outcome) => {
      let calls = 0;
      await using server = await fakeServer({
        [put]: () => {
          calls += 1;
          throw new Failure(code, text);
        },
      });
      await using client = await open([server.endpoint]);
      const error = await failureOf(client.call(kvService.put, putRequest));
      expect(calls).toBe(1);
      expect(error).toMatchObject({
        code: key,
        outcome,
        grpcCode: code,
        details: text,
        methodPath: put,
      });
    },
  );

  test('C1: a write whose connection broke is not sent again, although the server is back', async () => {
    let calls = 0;
    await using server = await fakeServer({
      [put]: () => {
        calls += 1;
        return new Promise<never>(() => undefined);
      },
      [range]: () => emptyRange,
    });
    const between = await FaultyProxy.open(server.endpoint, 1);
    await using client = await open([between.endpoint, server.endpoint]);
    const failures = Promise.all([
      failureOf(client.call(kvService.put, putRequest, { timeoutMs: 500 })),
      failureOf(client.call(kvService.put, putRequest, { timeoutMs: 500 })),
    ]);
    await client.call(kvService.range, rangeRequest);
    await between[Symbol.asyncDispose]();
    for (const { outcome } of await failures) expect(outcome).toBe('unknown');
    expect(calls).toBe(2);
  });

  test('a write that found no connection failed definitely, and the text says where', async () => {
    await using client = await open(['127.0.0.1:1'], { timeoutMs: 50 });
    const error = await failureOf(client.call(kvService.put, putRequest));
    expect(error).toMatchObject({ code: 'connectionRefused', outcome: 'definite' });
    expect(error.message).toContain('127.0.0.1:1: connect ECONNREFUSED');
  });

  test('F-9: a dead endpoint is passed over', async () => {
    await using server = await fakeServer({ [put]: () => emptyPut });
    await using client = await open(['127.0.0.1:1', server.endpoint]);
    for (let i = 0; i < 5; i++) await client.call(kvService.put, putRequest);
  });

  test('a deadline passes during the call: outcome unknown', async () => {
    await using server = await fakeServer({ [put]: () => new Promise<never>(() => undefined) });
    await using client = await open([server.endpoint]);
    const error = await failureOf(client.call(kvService.put, putRequest, { timeoutMs: 50 }));
    expect(error).toMatchObject({ code: 'deadline', outcome: 'unknown' });
  });

  test('a request above the limit is refused before it leaves', async () => {
    await using client = await open(['127.0.0.1:1'], { requestBytesMax: 100 });
    const big = PutRequest.create({ key: Uint8Array.of(1), value: new Uint8Array(200) });
    expect(await failureOf(client.call(kvService.put, big))).toMatchObject({
      code: 'requestTooLarge',
      outcome: 'definite',
    });
  });
});

describe('tokens', () => {
  const authenticate = authService.authenticate.path;
  const answer = (token: string): Uint8Array =>
    authService.authenticate.response.encode({ header: undefined, token });

  test('one authentication for many calls; a refused token is renewed once for all of them', async () => {
    let issued = 0;
    let valid = 'token-1';
    await using server = await fakeServer({
      [authenticate]: () => {
        issued += 1;
        return answer(`token-${issued}`);
      },
      [put]: (_request, metadata) => {
        if (metadata.get('token') !== valid)
          throw new Failure(16, 'etcdserver: invalid auth token');
        return emptyPut;
      },
    });
    await using client = await open([server.endpoint], { auth: { user: 'root', password: 'pw' } });
    const ten = (): Promise<unknown> =>
      Promise.all(Array.from({ length: 10 }, () => client.call(kvService.put, putRequest)));
    await ten();
    expect(issued).toBe(1);
    valid = 'token-2';
    await ten();
    expect(issued).toBe(2);
  });

  test('a call waits for authentication no longer than its signal and its time allow', async () => {
    await using server = await fakeServer({
      [authenticate]: () => new Promise<never>(() => undefined),
      [put]: () => emptyPut,
    });
    const auth = { user: 'root', password: 'pw' };
    await using client = await open([server.endpoint], { auth, dialTimeoutMs: 60_000 });
    const controller = new AbortController();
    const { signal } = controller;
    const call = client.call(kvService.put, putRequest, { signal });
    const stream = client.stream(kvService.rangeStream, { signal });
    const ended = Promise.all([
      expect(call).rejects.toThrow('enough'),
      expect(stream).rejects.toThrow('enough'),
    ]);
    const late = failureOf(client.call(kvService.put, putRequest, { timeoutMs: 50 }));
    expect(await late).toMatchObject({ code: 'deadline', outcome: 'definite', methodPath: put });
    controller.abort(new Error('enough'));
    await ended;
  });

  test('G-18: authentication is repeated, and where it fails the write has not left', async () => {
    let [attempts, puts, isUp] = [0, 0, true];
    await using server = await fakeServer({
      [authenticate]: () => {
        attempts += 1;
        if (!isUp || attempts < 3) throw new Failure(14, 'etcdserver: leader changed');
        return answer('token');
      },
      [put]: () => {
        puts += 1;
        return emptyPut;
      },
    });
    const auth = { user: 'root', password: 'pw' };
    await using client = await open([server.endpoint], { auth });
    await client.call(kvService.put, putRequest);
    expect([attempts, puts]).toEqual([3, 1]);
    isUp = false;
    await using another = await open([server.endpoint], { auth, dialTimeoutMs: 100 });
    const error = await failureOf(another.call(kvService.put, putRequest));
    expect(error).toMatchObject({ outcome: 'definite' });
    expect(puts).toBe(1);
  });

  test('a server that refuses every token does not keep us busy for ever', async () => {
    let calls = 0;
    await using server = await fakeServer({
      [authenticate]: () => answer('x'),
      [put]: () => {
        calls += 1;
        throw new Failure(16, 'etcdserver: invalid auth token');
      },
    });
    await using client = await open([server.endpoint], { auth: { user: 'root', password: 'pw' } });
    const error = await failureOf(client.call(kvService.put, putRequest));
    expect(error.code).toBe('invalidAuthToken');
    expect(calls).toBeLessThan(6);
  });

  test('authentication that is off at the server is no error', async () => {
    await using server = await fakeServer({
      [authenticate]: () => {
        throw new Failure(9, 'etcdserver: authentication is not enabled');
      },
      [put]: (_request, metadata) => {
        expect(metadata.has('token')).toBe(false);
        return emptyPut;
      },
    });
    await using client = await open([server.endpoint], { auth: { user: 'root', password: 'pw' } });
    await client.call(kvService.put, putRequest);
  });

  test('the password is in no error', async () => {
    await using server = await fakeServer({
      [authenticate]: () => {
        throw new Failure(3, 'etcdserver: authentication failed, invalid user ID or password');
      },
    });
    await using client = await open([server.endpoint], {
      auth: { user: 'root', password: 'hunter2' },
    });
    const error = await failureOf(client.call(kvService.put, putRequest));
    expect(error.code).toBe('authFailed');
    expect(`${JSON.stringify(error)} ${error.message} ${error.stack ?? ''}`).not.toContain(
      'hunter2',
    );
  });
});

describe('B-192, B-195: signals and closing', () => {
  test('a renewal has a time limit, as every call, and may have happened', async () => {
    await using client = await Client.open({ endpoints: ['127.0.0.1:1'], timeoutMs: 50 });
    const refused = { code: 'deadline', outcome: 'unknown' };
    await expect(client.lease.renew(1n)).rejects.toMatchObject(refused);
    const signal = AbortSignal.abort();
    await expect(client.lease.renew(1n, { signal })).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('an aborted signal rejects with its reason: before, during', async () => {
    await using server = await fakeServer({ [put]: () => new Promise<never>(() => undefined) });
    await using client = await open([server.endpoint]);
    await expect(
      client.call(kvService.put, putRequest, { signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ name: 'AbortError' });
    const controller = new AbortController();
    const call = client.call(kvService.put, putRequest, { signal: controller.signal });
    controller.abort();
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
  });

  test.each([0, -1, Number.NaN])('timeoutMs %s is a TypeError', async (timeoutMs) => {
    await using client = await open(['127.0.0.1:1']);
    await expect(client.call(kvService.put, putRequest, { timeoutMs })).rejects.toBeInstanceOf(
      TypeError,
    );
  });

  test('closing rejects calls in flight and later ones with `closed`; twice is fine', async () => {
    await using server = await fakeServer({ [put]: () => new Promise<never>(() => undefined) });
    const client = await open([server.endpoint]);
    const call = failureOf(client.call(kvService.put, putRequest));
    await client.close();
    await client.close();
    expect((await call).code).toBe('closed');
    expect((await failureOf(client.call(kvService.put, putRequest))).code).toBe('closed');
  });
});

test('every call tells the version of the API', async () => {
  let version: string | undefined;
  await using server = await fakeServer({
    [put]: (_request, metadata) => {
      version = metadata.get('client-api-version');
      return emptyPut;
    },
  });
  await using client = await open([server.endpoint]);
  await client.call(kvService.put, putRequest);
  expect(version).toBe('3.7');
});
