/** How much of the log is kept for others, and where it is cut. Goal: nobody who can not take a snapshot is left behind below the bounds. */
import { describe, expect, it } from 'vitest';
import { toIndex, toTerm, type ProgressStatus } from '@kv/raft';
import type { MemberId } from '../ids.js';
import { Laggards } from './laggards.js';
import { LogTrimmer } from './log-trimmer.js';
import { SnapshotMarks } from './snapshot-marks.js';

const a = 1n as MemberId;
const b = 2n as MemberId;
const conf = { voters: [], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };

const at = (match: number, rest: Partial<ProgressStatus> = {}): ProgressStatus => ({
  match: toIndex(match),
  next: toIndex(match + 1),
  state: 'replicate',
  learner: false,
  recentActive: true,
  paused: false,
  pendingSnapshot: toIndex(0),
  inflightMessages: 0,
  inflightFull: false,
  ...rest,
});

class Fixture {
  connected = new Set<MemberId>([a, b]);
  progress = new Map<MemberId, ProgressStatus>();
  /** Members that take snapshots. */
  ours = new Set<MemberId>();
  heldFrom: number | undefined;
  readonly laggards = new Laggards({
    others: () => [a, b],
    isConnected: (id) => this.connected.has(id),
    progress: () => this.progress,
    takesSnapshots: (id) => this.ours.has(id),
    heldFrom: () => (this.heldFrom === undefined ? undefined : toIndex(this.heldFrom)),
  });

  needed(): number {
    this.laggards.tick();
    return this.laggards.neededFrom;
  }
}

describe('what others need', () => {
  it('is, to a leader, what the one furthest behind lacks', () => {
    const f = new Fixture();
    f.progress = new Map([
      [a, at(10)],
      [b, at(7)],
    ]);
    expect(f.needed()).toBe(8);
  });

  it('is nothing to a follower that reaches all, and everything while it does not', () => {
    const f = new Fixture();
    expect(f.needed()).toBe(Number.MAX_SAFE_INTEGER);
    f.connected.delete(b);
    expect(f.needed()).toBe(0);
  });

  it('is nothing for a member that takes snapshots, however far behind or out of reach it is', () => {
    const f = new Fixture();
    f.ours.add(b);
    f.connected.delete(b);
    expect(f.needed()).toBe(Number.MAX_SAFE_INTEGER);
    f.progress = new Map([
      [a, at(10)],
      [b, at(7)],
    ]);
    expect(f.needed()).toBe(11);
  });

  it('is all behind a snapshot that is on its way', () => {
    const f = new Fixture();
    f.ours = new Set([a, b]);
    f.heldFrom = 51;
    expect(f.needed()).toBe(51);
  });
});

describe('the log in memory', () => {
  const trim = (trimmer: LogTrimmer, last: number, neededFrom: number, bytes = 1) =>
    trimmer.applied(toIndex(last), 10, bytes, toIndex(neededFrom));

  it('keeps what somebody needs, and forgets it when nobody does', () => {
    const trimmer = new LogTrimmer(20);
    const forgotten = [10, 20, 30, 40, 50].map((last) => trim(trimmer, last, 15));
    expect(forgotten).toEqual([undefined, undefined, 10, undefined, undefined]);
    expect(trim(trimmer, 60, Number.MAX_SAFE_INTEGER)).toBe(40);
  });

  it('keeps no more than its bound', () => {
    const trimmer = new LogTrimmer(20);
    for (const last of [10, 20, 30]) trim(trimmer, last, 0, 100 * 1024 * 1024);
    expect(trim(trimmer, 40, 0, 0)).toBe(undefined);
    expect(trim(trimmer, 50, 0, 100 * 1024 * 1024)).toBe(20);
  });
});

describe('where the log is cut', () => {
  it('is at a point that was applied before, with the configuration of then', () => {
    const marks = new SnapshotMarks();
    for (let index = 100; index <= 2000; index += 100) {
      marks.applied(toIndex(index), toTerm(index / 100), () => conf);
    }
    expect(marks.newestBelow(toIndex(500))).toBe(undefined);
    expect(marks.newestBelow(toIndex(1300))).toEqual({ index: 1000, term: 10, confState: conf });
    marks.forget(toIndex(1000));
    expect(marks.newestBelow(toIndex(1300))).toBe(undefined);
  });
});
