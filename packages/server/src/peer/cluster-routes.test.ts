/**
 * What members ask one another beside Raft. Goal: a follower gets the leader's answer about a lease as the leader gave it, tries
 * again until there is one, and gives up in time; everything else is answered as etcd answers it. Method: both sides over a
 * real socket, a lease authority that the test commands, and a clock that it turns.
 */
import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LeaseId } from '@kv/lease';
import type { Key } from '@kv/mvcc';
import type { PromotionFailure } from '../cluster/promotion.js';
import type { ClusterId, MemberId } from '../ids.js';
import { LeaseQuestions } from '../lease/lease-questions.js';
import type { LeaseAnswer, RemainingTime, Renewal } from '../lease/primary-answers.js';
import { FakeClock } from '../testing/fake-clock.js';
import { clusterRoutes } from './cluster-routes.js';
import { HttpClient, type HttpAnswer } from './http-client.js';

const LEASE = 7n as LeaseId;
const leader = 1n as MemberId;
const self = 2n as MemberId;

let server: Server;
let client: HttpClient;
let url: string;
let clock: FakeClock;
/** What the leader answers, one after the other; the last one again and again. */
let renewals: LeaseAnswer<Renewal>[];
let times: LeaseAnswer<RemainingTime>[];
let leaderNow: MemberId;
let downgrade: () => Promise<boolean>;
/** How the next promotion ends; undefined: well. */
let promotionFailure: PromotionFailure | undefined;
let promotedIds: MemberId[];
let started: boolean;

function next<T>(answers: T[]): T {
  const [first] = answers.length > 1 ? answers.splice(0, 1) : answers;
  if (first === undefined) throw new Error('the test has no answer');
  return first;
}

beforeEach(async () => {
  clock = new FakeClock();
  client = new HttpClient();
  leaderNow = leader;
  downgrade = () => Promise.resolve(true);
  promotionFailure = undefined;
  promotedIds = [];
  started = true;
  const routes = clusterRoutes({
    clusterId: 0xcdn as ClusterId,
    isStarted: () => started,
    leases: {
      renew: (_, listener) => {
        listener(next(renewals));
        return () => undefined;
      },
      timeToLive: (_, __, listener) => {
        listener(next(times));
        return () => undefined;
      },
    },
    hasher: {
      hashAt: (revision) =>
        Promise.resolve(
          revision > 9
            ? 'future'
            : { hash: 7, compactRevision: -1, hashRevision: revision, revision: 9 },
        ),
    },
    promotion: {
      promote: (id, listener) => {
        promotedIds.push(id);
        if (promotionFailure === undefined) listener.promoted([]);
        else listener.failed(promotionFailure);
        return () => undefined;
      },
    },
    members: () => [
      {
        id: 0x8e9e05c52164694dn as MemberId,
        peerUrls: ['http://a:1'],
        isLearner: false,
        name: 'a',
        clientUrls: [],
      },
      {
        id: 0xffn as MemberId,
        peerUrls: ['http://b:1'],
        isLearner: true,
        name: '',
        clientUrls: [],
      },
    ],
    downgradeEnabled: () => downgrade(),
  });
  server = createServer(routes);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('it listens');
  url = `http://127.0.0.1:${address.port}`;
});

afterEach(async () => {
  client.close();
  await new Promise((resolve) => server.close(resolve));
});

const ask = (method: 'GET' | 'POST', path: string, body = new Uint8Array(0)): Promise<HttpAnswer> =>
  client.ask({ method, url: url + path, headers: {}, body, timeoutMs: 5000 });

const questions = (): LeaseQuestions =>
  new LeaseQuestions({
    primary: {
      isPrimary: false,
      renew: () => () => undefined,
      timeToLive: () => () => undefined,
    },
    clock,
    requestTimeoutMs: 1000,
    self,
    leaderId: () => leaderNow,
    call: (id, request) => {
      expect(id).toBe(leader);
      return ask(request.method, request.path, Uint8Array.from(request.body));
    },
  });

/** Turns the clock until there is an answer. */
async function answered<T>(begin: (listener: (answer: LeaseAnswer<T>) => void) => void) {
  let answer: LeaseAnswer<T> | undefined;
  begin((given) => {
    answer = given;
  });
  await vi.waitFor(
    async () => {
      await clock.advance(50);
      expect(answer).toBeDefined();
    },
    { timeout: 20_000, interval: 1 },
  );
  return answer;
}

const renewed = () => answered<Renewal>((listener) => questions().renew(LEASE, listener));
const remaining = () =>
  answered<RemainingTime>((listener) => questions().timeToLive(LEASE, true, listener));

describe('a follower that is asked about a lease', () => {
  it('gives the answer of the leader', async () => {
    renewals = [{ type: 'known', value: { ttlSeconds: 60 } }];
    expect(await renewed()).toEqual(renewals[0]);
    const keys = ['a', '\u00ff\u0000'] as Key[];
    times = [{ type: 'known', value: { ttlSeconds: -1, grantedTtlSeconds: 60, keys } }];
    expect(await remaining()).toEqual(times[0]);
  });

  it('says that there is no such lease when the leader says so', async () => {
    renewals = times = [{ type: 'notFound' }];
    expect([await renewed(), await remaining()]).toEqual([
      { type: 'notFound' },
      { type: 'notFound' },
    ]);
  });

  it('asks again where leadership has moved, or the leader is behind', async () => {
    renewals = [
      { type: 'failed', problem: 'notPrimaryLessor' },
      { type: 'failed', problem: 'waitAppliedIndexTimeout' },
      { type: 'known', value: { ttlSeconds: 5 } },
    ];
    expect(await renewed()).toEqual({ type: 'known', value: { ttlSeconds: 5 } });
  });

  it('gives up in time, with a leader and without one', async () => {
    times = [{ type: 'failed', problem: 'leaderChanged' }];
    expect(await remaining()).toEqual({ type: 'failed', problem: 'timedOut' });
    leaderNow = 0n as MemberId;
    expect(await remaining()).toEqual({ type: 'failed', problem: 'noLeader' });
  });
});

describe('what members answer', () => {
  const said = async (answer: Promise<HttpAnswer>): Promise<readonly [number, string]> => {
    const { status, body } = await answer;
    return [status, body.toString()];
  };

  it('the members, with ids that are whole numbers of 64 bits', async () => {
    expect(await said(ask('GET', '/members'))).toEqual([
      200,
      '[{"id":10276657743932975437,"peerURLs":["http://a:1"],"name":"a"},' +
        '{"id":255,"peerURLs":["http://b:1"],"isLearner":true}]\n',
    ]);
  });

  it('hashes at a revision, in JSON as Go writes it, and why there is none', async () => {
    const hash = (body: string) => said(ask('GET', '/members/hashkv', Buffer.from(body)));
    expect(await hash('{"revision":5}')).toEqual([
      200,
      '{"header":{"revision":9},"hash":7,"compact_revision":-1,"hash_revision":5}',
    ]);
    const future = 'mvcc: required revision is a future revision\n';
    expect(await hash('{"revision":10}')).toEqual([400, future]);
    expect(await hash('nonsense')).toEqual([400, 'error unmarshalling request\n']);
    expect(await said(ask('POST', '/members/hashkv'))).toEqual([405, 'Method Not Allowed\n']);
  });

  it('before it takes part: members and hashes, and nothing else', async () => {
    started = false;
    expect((await ask('GET', '/members')).status).toBe(200);
    expect((await ask('GET', '/members/hashkv', Buffer.from('{}'))).status).toBe(200);
    const notReady = [503, 'this member is not ready\n'];
    for (const path of ['/leases', '/leases/internal', '/members/promote/1']) {
      expect(await said(ask('POST', path))).toEqual(notReady);
    }
    expect(await said(ask('GET', '/downgrade/enabled'))).toEqual(notReady);
  });

  it('promotions, by decimal ids, each refusal with its text', async () => {
    const promote = (id: string) => said(ask('POST', `/members/promote/${id}`));
    expect(await promote('10276657743932975437')).toEqual([200, '[]\n']);
    expect(promotedIds).toEqual([10276657743932975437n]);
    const refusals = [
      ['memberNotFound', 404, 'membership: ID not found\n'],
      ['notLearner', 412, 'membership: can only promote a learner member\n'],
      [
        'learnerNotReady',
        412,
        'etcdserver: can only promote a learner member which is in sync with leader\n',
      ],
      ['notEnoughStarted', 500, '{"message":"Internal Server Error"}'],
    ] as const;
    for (const [failure, status, text] of refusals) {
      promotionFailure = failure;
      expect(await promote('1')).toEqual([status, text]);
    }
    for (const id of ['', 'x', '-1', '18446744073709551616']) {
      expect(await promote(id)).toEqual([404, `member ${id} not found in cluster\n`]);
    }
    expect(await said(ask('GET', '/members/promote/1'))).toEqual([405, 'Method Not Allowed\n']);
  });

  it('whether a downgrade is enabled, as of now', async () => {
    expect(await said(ask('GET', '/downgrade/enabled'))).toEqual([200, 'true']);
    downgrade = () => Promise.reject(new Error('no leader'));
    expect(await said(ask('GET', '/downgrade/enabled'))).toEqual([500, 'no leader\n']);
  });

  it('H-P5 a body that is too long, and one that is no request', async () => {
    expect(await said(ask('POST', '/leases', new Uint8Array(64 * 1024 + 1)))).toEqual([
      413,
      'request body too large\n',
    ]);
    for (const path of ['/leases', '/leases/internal']) {
      expect(await said(ask('POST', path, Uint8Array.of(0xff)))).toEqual([
        400,
        'error unmarshalling request\n',
      ]);
    }
  });

  it.each([
    ['GET', '/leases', 405, 'Method Not Allowed\n'],
    ['POST', '/members', 405, 'Method Not Allowed\n'],
    ['GET', '/v3', 404, '404 page not found\n'],
  ] as const)('%s %s', async (method, path, status, text) => {
    expect(await said(ask(method, path))).toEqual([status, text]);
  });

  it('each reason of a leader under its own status', async () => {
    const reasons = [
      ['notPrimaryLessor', 400],
      ['waitAppliedIndexTimeout', 408],
    ] as const;
    for (const [problem, status] of reasons) {
      renewals = [{ type: 'failed', problem }];
      expect((await ask('POST', '/leases')).status).toBe(status);
    }
    times = [{ type: 'failed', problem: 'leaderChanged' }];
    expect(await said(ask('POST', '/leases/internal'))).toEqual([500, 'not a primary lessor\n']);
  });
});
