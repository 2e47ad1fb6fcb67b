/**
 * The comparison before a member takes part. Goal: the verdict and the lines of etcd's (v3.7.1 etcdserver/corrupt.go `InitialCheck`),
 * whatever the others answer. Method: a network that the test answers for, by address.
 */
import { describe, expect, it } from 'vitest';
import type { LookupQuestion } from '../cluster/bootstrap-network.js';
import type { ClusterId, MemberId } from '../ids.js';
import type { LogFields } from '../logger.js';
import { initialCheck } from './initial-check.js';
import { hashToJson } from './peer-hash.js';
import type { StoreHash } from './store-hash.js';

const own: StoreHash = { hash: 10, compactRevision: 5, hashRevision: 20, revision: 20 };
const member = (id: bigint, ...peerUrls: readonly string[]) => ({
  ...{ id: id as MemberId, peerUrls, name: '', clientUrls: [], isLearner: false },
});

interface Told {
  readonly message: string;
  readonly fields: LogFields;
}

/** What each address answers: a hash, a refusal, or nothing at all where it is not named. */
type Answers = Readonly<Record<string, Partial<StoreHash> | string>>;

async function check(answers: Answers, others = [member(2n, 'http://b')]) {
  const told: Told[] = [];
  const questions: (LookupQuestion | undefined)[] = [];
  const outcome = await initialCheck({
    self: 1n as MemberId,
    clusterId: 0xcdn as ClusterId,
    others,
    hasher: { hashAt: () => Promise.resolve(own) },
    network: {
      get: (url, _, question) => {
        questions.push(question);
        const answer = answers[url.replace('/members/hashkv', '')];
        if (answer === undefined) return Promise.reject(new Error(`${url}: nobody is there`));
        const isHash = typeof answer === 'object';
        const body = isHash ? hashToJson({ ...own, ...answer }) : `${answer}\n`;
        return Promise.resolve({
          ...{ status: isHash ? 200 : 400, clusterId: 'cd', body: Buffer.from(body) },
        });
      },
    },
    logger: {
      enabled: () => true,
      log: (_, message, fields = {}) => told.push({ message, fields }),
    },
    timeoutMs: 7000,
  }).then(
    () => 'starts',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  return { outcome, told, questions };
}

const different = '1 found data inconsistency with peers';

describe('G-13 before a member takes part', () => {
  it.each<[string, Answers, string, string]>([
    ['the same hash', { 'http://b': {} }, 'starts', 'initial corruption checking passed'],
    ['another hash', { 'http://b': { hash: 11 } }, different, 'found different hash values'],
    [
      'another hash, against another compaction',
      { 'http://b': { hash: 11, compactRevision: 6 } },
      'starts',
      'found different compact revision values',
    ],
    [
      'a revision that it has not reached',
      { 'http://b': 'mvcc: required revision is a future revision' },
      'starts',
      'cannot fetch hash from slow remote peer',
    ],
    [
      'a revision that it has compacted',
      { 'http://b': 'mvcc: required revision has been compacted' },
      'starts',
      'cannot fetch hash from remote peer; local member is behind',
    ],
    ['another cluster', { 'http://b': 'cluster ID mismatch' }, 'starts', 'cluster ID mismatch'],
    ['nonsense', { 'http://b': { hash: NaN } }, 'starts', 'failed hash kv request'],
    ['nothing', {}, 'starts', 'failed hash kv request'],
  ])('%s', async (_, answers, outcome, line) => {
    const found = await check(answers);
    expect(found.outcome).toBe(outcome);
    expect(found.told.map(({ message }) => message).join('\n')).toContain(line);
  });

  it('asks at its own revision, as a member of its cluster', async () => {
    const { questions } = await check({ 'http://b': {} });
    expect(questions).toEqual([{ clusterId: 0xcdn, body: Buffer.from('{"revision":20}') }]);
  });

  it('asks at each address of a member until one gives a hash', async () => {
    const others = [member(2n, 'http://x', 'http://b')];
    expect((await check({ 'http://b': { hash: 11 } }, others)).outcome).toBe(different);
  });

  it('one of several that differs is enough, and each is named', async () => {
    const others = [member(2n, 'http://b'), member(3n, 'http://c'), member(4n)];
    const { outcome, told } = await check({ 'http://b': {}, 'http://c': { hash: 11 } }, others);
    expect(outcome).toBe(different);
    const warned = told.filter(({ fields }) => 'remote-peer-id' in fields);
    expect(warned.map(({ fields }) => fields['remote-peer-id'])).toEqual([3n, 4n]);
    expect(told.at(-1)?.message).toBe('checkInitialHashKV failed');
  });
});
