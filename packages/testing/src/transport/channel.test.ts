/** Goal: what crosses between client and member keeps the promises of both ports. Method: a member that is a handler of the test. */
import { expect, test } from 'vitest';
import type { CallOptions, Channel } from '@kv/client/transport';
import { RpcError, type Method, type StreamCall, type UnaryCall } from '@kv/rpc';
import { ProcessClock } from '../clock/process-clock.js';
import { VirtualClock } from '../clock/virtual-clock.js';
import { ClientSite } from './client-site.js';
import { Door, connectionLost } from './door.js';

const REQUEST_BYTES_MAX = 1000;
const endpoint = {
  text: 'm1:2379',
  secure: false,
  address: { kind: 'tcp', host: 'm1', port: 2379 },
  authority: 'm1:2379',
} as const;
const none = new Uint8Array(0);

interface Bench {
  readonly clock: VirtualClock;
  readonly door: Door;
  readonly site: ClientSite;
  readonly member: ProcessClock;
  readonly channel: Channel;
  /** Starts the member (again). */
  readonly open: () => void;
}

function bench(methods: Readonly<Record<string, Method>>): Bench {
  const clock = new VirtualClock();
  const door = new Door('m1', 'm1:2379');
  const site = new ClientSite('client', clock, [door]);
  const member = new ProcessClock(clock);
  const services = [{ name: 'test', methods }];
  const open = (): void => {
    door.open({ process: member, services, maxRequestBytes: REQUEST_BYTES_MAX });
  };
  open();
  const channel = site.channel(endpoint, {
    tls: {},
    keepAliveMs: Infinity,
    keepAliveTimeoutMs: Infinity,
    receiveBytesMax: 1000,
  });
  return { clock, door, site, member, channel, open };
}

const unary = (handler: (call: UnaryCall) => void): Method => ({ type: 'unary', handler });
const stream = (requestStream: boolean, handler: (call: StreamCall) => void): Method => ({
  type: 'stream',
  requestStream,
  handler,
});
const settings = (signal = new AbortController().signal): CallOptions => ({
  metadata: [['token', 'secret']],
  signal,
});

test('a call carries bytes and metadata there and bytes back, each side with its own copy', async () => {
  let seen: Uint8Array = none;
  const answer = Uint8Array.of(7);
  const { channel } = bench({
    Echo: unary((call) => {
      seen = call.request;
      expect(call.metadata.get('token')).toBe('secret');
      call.reply(answer);
    }),
  });
  const request = Uint8Array.of(1, 2);
  const response = channel.unary('/test/Echo', request, settings());
  request.fill(9);
  expect(await response).toEqual(Uint8Array.of(7));
  answer.fill(0);
  expect(await response).toEqual(Uint8Array.of(7));
  expect(seen).toEqual(Uint8Array.of(1, 2));
});

test('how a call fails: by its handler, for want of a method, by its size, by an exception', async () => {
  const { channel } = bench({
    Fail: unary((call) => {
      call.fail(new RpcError(5, 'not here'));
    }),
    Throw: unary(() => {
      throw new Error('a bug');
    }),
    Large: unary((call) => {
      call.reply(new Uint8Array(1001));
    }),
  });
  const code = (path: string, bytes = none): Promise<unknown> =>
    channel.unary(path, bytes, settings()).then(
      () => 0,
      (error: unknown) => (error as { grpcCode: number }).grpcCode,
    );
  expect(await code('/test/Fail')).toBe(5);
  expect(await code('/test/Throw')).toBe(13);
  expect(await code('/test/Large')).toBe(8);
  expect(await code('/test/No')).toBe(12);
  expect(await code('/no/Fail')).toBe(12);
  expect(await code('/test/Fail', new Uint8Array(REQUEST_BYTES_MAX + 512 * 1024 + 1))).toBe(8);
});

test('T2: the first end of a call counts, and a cancelled handler may answer in vain', async () => {
  let held: UnaryCall | undefined;
  const { channel, clock, door } = bench({
    Hold: unary((call) => {
      held = call;
      call.onCancel(() => undefined);
    }),
  });
  const abort = new AbortController();
  const call = channel.unary('/test/Hold', none, settings(abort.signal));
  const outcome = expect(call).rejects.toThrow('enough');
  await clock.settle();
  abort.abort(new Error('enough'));
  await outcome;
  await clock.settle();
  expect(held?.cancelled).toBe(true);
  held?.reply(none);
  expect(door.callCount).toBe(0);
});

test('T3: a call inside of a member that dies may have happened; one that finds none never left', async () => {
  const { channel, clock, door, open } = bench({ Hold: unary(() => undefined) });
  const inside = channel.unary('/test/Hold', none, settings());
  const outcome = expect(inside).rejects.toMatchObject({ grpcCode: 14, unprocessed: false });
  await clock.settle();
  door.close('it has crashed', connectionLost('m1'));
  await outcome;
  expect(channel.isReady).toBe(false);
  await expect(channel.unary('/test/Hold', none, settings())).rejects.toMatchObject({
    grpcCode: 14,
    unprocessed: true,
  });
  expect(() => channel.stream('/test/Hold', settings())).toThrow('it has crashed');
  const ready = channel.whenReady(new AbortController().signal);
  open();
  await ready;
});

test('waiting for a member ends with the signal, and with the channel', async () => {
  const { channel, door } = bench({});
  door.close('it has crashed', connectionLost('m1'));
  const abort = new AbortController();
  const aborted = expect(channel.whenReady(abort.signal)).rejects.toThrow('enough');
  abort.abort(new Error('enough'));
  await aborted;
  await expect(channel.whenReady(abort.signal)).rejects.toThrow('enough');
  const closed = expect(channel.whenReady(new AbortController().signal)).rejects.toThrow('closed');
  channel.close();
  channel.close();
  await closed;
});

test('a stream of many messages starts with the call; one of one message with its end', async () => {
  const order: string[] = [];
  const { channel, clock } = bench({
    Many: stream(true, (call) => {
      order.push('many starts');
      call.onMessage((message) => {
        call.write(message);
      });
      call.onHalfClose(() => {
        call.end();
      });
    }),
    One: stream(false, (call) => {
      order.push('one starts');
      call.onMessage(() => {
        call.write(Uint8Array.of(1));
        call.write(Uint8Array.of(2));
        call.end();
      });
    }),
  });
  const many = channel.stream('/test/Many', settings());
  const one = channel.stream('/test/One', settings());
  one.send(none);
  await clock.settle();
  expect(order).toEqual(['many starts']);
  one.finish();
  many.send(Uint8Array.of(5));
  many.finish();
  const read = async (from: AsyncIterable<Uint8Array>): Promise<number[]> => {
    const got: number[] = [];
    for await (const [first = -1] of from) got.push(first);
    return got;
  };
  expect(await read(one)).toEqual([1, 2]);
  expect(await read(many)).toEqual([5]);
});

test('a member that writes more than is read is told to wait, and when to go on', async () => {
  let written = 0;
  const { channel, clock } = bench({
    Flood: stream(true, (call) => {
      const write = (): void => {
        while (written < 500) {
          written++;
          if (!call.write(new Uint8Array(1000).fill(written % 251))) return;
        }
        call.end();
      };
      call.onDrain(write);
      write();
    }),
  });
  const flood = channel.stream('/test/Flood', settings());
  await clock.settle();
  expect(written).toBeLessThan(70);
  let read = 0;
  for await (const [first] of flood) expect(first).toBe(++read % 251);
  expect(read).toBe(500);
});

test('T2: a handler that writes as long as it may stops when its client has gone', async () => {
  let held: StreamCall | undefined;
  const { channel, clock } = bench({
    Hold: stream(true, (call) => {
      held = call;
    }),
  });
  const call = channel.stream('/test/Hold', settings());
  await clock.settle();
  expect(held?.write(none)).toBe(true);
  call.cancel();
  await clock.settle();
  expect(held?.write(none)).toBe(false);
});

test('a handler that pauses hears nothing until it resumes, and then everything in order', async () => {
  const heard: number[] = [];
  let resume: () => void = () => undefined;
  const { channel, clock } = bench({
    Slow: stream(true, (call) => {
      call.pause();
      resume = () => {
        call.resume();
      };
      call.onMessage(([first = -1]) => {
        heard.push(first);
      });
      call.onHalfClose(() => {
        heard.push(99);
      });
    }),
  });
  const slow = channel.stream('/test/Slow', settings());
  for (let n = 0; n < 3; n++) slow.send(Uint8Array.of(n));
  slow.finish();
  await clock.settle();
  expect(heard).toEqual([]);
  resume();
  await clock.settle();
  expect(heard).toEqual([0, 1, 2, 99]);
  slow.cancel();
});

test('time passes for an answer, for a minute at most, and not while the client is paused', async () => {
  const { channel, clock, site } = bench({ Hold: unary(() => undefined) });
  const ticking = new ProcessClock(clock);
  ticking.every(1000, () => undefined);
  clock.drive(() => site.wantsTime());
  const abort = new AbortController();
  const call = channel.unary('/test/Hold', none, settings(abort.signal));
  const outcome = expect(call).rejects.toThrow('enough');
  await expect.poll(() => clock.nowMs).toBe(60_000);
  await clock.settle();
  expect(clock.nowMs).toBe(60_000);
  site.process.pause();
  expect(site.wantsTime()).toBe(false);
  site.process.resume();
  abort.abort(new Error('enough'));
  await outcome;
});
