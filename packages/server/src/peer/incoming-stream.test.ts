/** When a stream that has ended is opened again. Method: an HTTP client that only listens, and a clock that the test turns. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { ClusterId, MemberId } from '../ids.js';
import { silentLogger } from '../logger.js';
import { FakeClock } from '../testing/index.js';
import type { HttpClient, HttpStreamListener } from './http-client.js';
import { IncomingStream } from './incoming-stream.js';
import { LinkStatus } from './link-status.js';
import { REDIAL_MS_MAX } from './limits.js';
import { RepeatedLines } from './repeated-lines.js';
import { UrlRotation } from './url-rotation.js';

const PEER = 2n as MemberId;
const refused = Object.assign(new Error('connect ECONNREFUSED'), {
  code: 'ECONNREFUSED',
  syscall: 'connect',
});

interface Dial {
  readonly url: string;
  readonly atMs: number;
  readonly listener: HttpStreamListener;
}

let clock: FakeClock;
let dials: Dial[];
let told: string[];
let stream: IncomingStream;

beforeEach(() => {
  clock = new FakeClock();
  dials = [];
  told = [];
});

function start(...urls: readonly string[]): void {
  const client: Pick<HttpClient, 'open'> = {
    open: (url, _, listener) => {
      dials.push({ url: new URL(url).origin, atMs: clock.monotonicMs(), listener });
      return () => undefined;
    },
  };
  stream = new IncomingStream({
    kind: 'message',
    local: { memberId: 1n as MemberId, clusterId: 3n as ClusterId, peerUrls: ['http://self:1'] },
    peer: PEER,
    urls: new UrlRotation(urls),
    client: client as HttpClient,
    clock,
    logger: silentLogger,
    status: new LinkStatus(PEER, clock, silentLogger),
    loss: {
      opened: () => told.push('opened'),
      ended: () => told.push('ended'),
      failed: (url, error) => told.push(`failed ${url} ${error?.message ?? ''}`),
    },
    refusals: new RepeatedLines(clock),
    receive: () => undefined,
    received: () => undefined,
    malformed: () => undefined,
    removed: () => undefined,
  });
  stream.start();
}

function last(): Dial {
  const dial = dials.at(-1);
  if (dial === undefined) throw new Error('nothing was dialled');
  return dial;
}

/** Refuses what is dialled, until there were so many dials. Returns how long before each of them nothing happened. */
async function pausesMs(count: number): Promise<readonly number[]> {
  const pauses: number[] = [];
  while (pauses.length < count) {
    const [before, startedMs] = [dials.length, clock.monotonicMs()];
    for (let ms = 0; dials.length === before; ms = 1) await clock.advance(ms);
    pauses.push(last().atMs - startedMs);
    last().listener.ended(refused);
  }
  return pauses;
}

describe('a stream that has ended is opened again', () => {
  it('at once, then after pauses that grow up to a bound', async () => {
    start('http://a:1');
    last().listener.opened();
    last().listener.ended(undefined);
    expect(stream.isOpen).toBe(false);
    expect(await pausesMs(5)).toEqual([0, 100, 200, 400, 500]);
  });

  it('at once at each of its addresses', async () => {
    start('http://a:1', 'http://b:1');
    last().listener.opened();
    last().listener.ended(refused);
    expect(await pausesMs(4)).toEqual([0, 0, 100, 200]);
    const urls = dials.map(({ url }) => url);
    expect(urls).toEqual(['http://a:1', 'http://a:1', 'http://b:1', 'http://a:1', 'http://b:1']);
  });

  it('not at once again and again: two members would take it away from each other without a pause', async () => {
    start('http://a:1');
    const dialledMs: number[] = [];
    const startedMs = clock.monotonicMs();
    while (clock.monotonicMs() - startedMs < 2 * REDIAL_MS_MAX) {
      const before = dials.length;
      last().listener.opened();
      last().listener.ended(undefined);
      for (let ms = 0; dials.length === before; ms = 1) await clock.advance(ms);
      dialledMs.push(last().atMs - startedMs);
    }
    expect(dialledMs.slice(0, 8)).toEqual([0, 100, 200, 300, 400, 500, 500, 600]);
  });
});

describe('what the link hears of it', () => {
  it('that it was opened, that it ended, and why each further dial failed', async () => {
    start('http://a:1');
    last().listener.opened();
    expect(stream.isOpen).toBe(true);
    last().listener.ended(refused);
    await pausesMs(1);
    await clock.advance(REDIAL_MS_MAX);
    last().listener.refused(503, 'this member is not ready');
    last().listener.ended(undefined);
    const failed = 'failed http://a:1 connect ECONNREFUSED';
    expect(told).toEqual(['opened', 'ended', failed, 'failed http://a:1 ']);
  });

  it('nothing once it is closed', async () => {
    start('http://a:1');
    last().listener.opened();
    stream.close();
    last().listener.ended(undefined);
    await clock.advance(5000);
    expect([told, dials.length]).toEqual([['opened'], 1]);
  });
});
