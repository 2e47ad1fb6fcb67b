/** Who can not be brought up to date. Goal: said once, with what can be done, again after a while, and taken back. */
import { beforeEach, describe, expect, it } from 'vitest';
import { toIndex, type ProgressStatus } from '@kv/raft';
import type { MemberId } from '../ids.js';
import type { LogFields, Logger } from '../logger.js';
import { noMetrics } from '../metrics.js';
import { FakeClock } from '../testing/fake-clock.js';
import { LeftBehind } from './left-behind.js';

const self = 1n as MemberId;
const a = 0xan as MemberId;
const b = 0xbn as MemberId;

const at = (match: number, state: ProgressStatus['state']): ProgressStatus => ({
  ...{ match: toIndex(match), next: toIndex(match + 1), state, learner: false },
  ...{ recentActive: true, paused: false, pendingSnapshot: toIndex(0) },
  ...{ inflightMessages: 0, inflightFull: false },
});

let clock: FakeClock;
let told: (readonly [string, LogFields | undefined])[];
let marked: (readonly [number, string])[];
let progress: Map<MemberId, ProgressStatus>;
let ofEtcd: Set<MemberId>;
let leftBehind: LeftBehind;

beforeEach(() => {
  clock = new FakeClock();
  told = [];
  marked = [];
  progress = new Map([
    [self, at(100, 'replicate')],
    [a, at(7, 'probe')],
    [b, at(100, 'replicate')],
  ]);
  ofEtcd = new Set([a]);
  const metrics = {
    ...noMetrics,
    gauge: () => ({ set: (value: number, to = '') => marked.push([value, to]) }),
  };
  const logger: Logger = {
    enabled: () => true,
    log: (_, message, fields) => told.push([message, fields]),
  };
  const peers = { takesSnapshots: (id: MemberId) => !ofEtcd.has(id) };
  leftBehind = new LeftBehind({ clock, logger, metrics, peers }, () => progress);
});

describe('a member of etcd that the log does not reach any more', () => {
  it('is named once, with how far it is and that it must be replaced', () => {
    leftBehind.add(a);
    leftBehind.add(a);
    expect(told).toHaveLength(1);
    expect(told[0]?.[1]).toMatchObject({ 'remote-peer-id': a, 'remote-peer-match-index': 7 });
    expect(told[0]?.[1]?.['hint']).toContain('etcdctl member remove a, then member add');
    expect(marked).toEqual([[1, 'a']]);
  });

  it('can be helped by another one of etcd that is up to date', () => {
    ofEtcd.add(b);
    leftBehind.add(a);
    expect(told[0]?.[1]?.['hint']).toContain('etcdctl move-leader b');
  });

  it('is named again while it lasts, ten minutes later', async () => {
    leftBehind.add(a);
    await clock.advance(10 * 60_000 - 1);
    leftBehind.add(a);
    expect(told).toHaveLength(1);
    await clock.advance(1);
    leftBehind.add(a);
    expect(told).toHaveLength(2);
  });

  it('is not counted any more once the log reaches it, and would be named anew', () => {
    leftBehind.add(a);
    leftBehind.tick();
    expect(marked).toEqual([[1, 'a']]);
    progress.set(a, at(100, 'replicate'));
    leftBehind.tick();
    expect(marked.at(-1)).toEqual([0, 'a']);
    expect(told.at(-1)?.[0]).toBe('a member of etcd has caught up');
    leftBehind.add(a);
    expect(told).toHaveLength(3);
  });

  it('is not counted by who no longer leads, nor when it was removed', () => {
    leftBehind.add(a);
    progress = new Map();
    leftBehind.tick();
    expect(marked.at(-1)).toEqual([0, 'a']);
    expect(told).toHaveLength(1);
  });
});
