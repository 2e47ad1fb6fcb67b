/** When history is thinned by itself (semantics.md §8): the examples there, on a clock of the test's. */
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../testing/index.js';
import type { CompactorPorts } from './auto-compactor.js';
import { PeriodicCompactor } from './periodic.js';
import { RevisionCompactor } from './revision.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let clock: FakeClock;
let revision: number;
let leads: boolean;
let works: boolean;
let compacted: { readonly revision: number; readonly minute: number }[];
let ports: CompactorPorts;
let startMs: number;

beforeEach(() => {
  clock = new FakeClock();
  revision = 1;
  leads = true;
  works = true;
  compacted = [];
  startMs = clock.monotonicMs();
  ports = {
    clock,
    currentRevision: () => revision,
    isLeader: () => leads,
    compact: (at, done) => {
      compacted.push({ revision: at, minute: (clock.monotonicMs() - startMs) / MINUTE });
      done(works);
    },
  };
});

/** One change a minute: the revision tells the minute. */
async function pass(minutes: number): Promise<void> {
  for (let n = 0; n < minutes; n++) {
    await clock.advance(MINUTE);
    revision += 1;
  }
}

describe('periodic', () => {
  it('of 10 h: first after 10 h, then hourly, at the revision of 10 h ago', async () => {
    const compactor = new PeriodicCompactor(10 * HOUR, ports);
    compactor.start();
    await pass(12 * 60 + 1);
    expect(compacted.map(({ minute }) => minute)).toEqual([600, 660, 720]);
    for (const { revision: at, minute } of compacted) {
      expect(Math.abs(at - (minute - 600))).toBeLessThanOrEqual(7);
    }
    compactor.close();
  });

  it('of 5 min: every 5 min, keeping 5 to 10', async () => {
    const compactor = new PeriodicCompactor(5 * MINUTE, ports);
    compactor.start();
    await pass(21);
    expect(compacted.map(({ minute }) => minute)).toEqual([5, 10, 15, 20]);
    for (const { revision: at, minute } of compacted) {
      expect(minute - at).toBeGreaterThanOrEqual(4);
      expect(minute - at).toBeLessThanOrEqual(10);
    }
    compactor.close();
  });

  it('tries again at the next step when it failed, does nothing twice, nothing while following', async () => {
    works = false;
    const compactor = new PeriodicCompactor(5 * MINUTE, ports);
    compactor.start();
    await pass(7);
    expect(compacted.length).toBeGreaterThan(2);
    works = true;
    leads = false;
    const before = compacted.length;
    await pass(30);
    expect(compacted).toHaveLength(before);
    leads = true;
    await clock.advance(HOUR);
    const idle = compacted.length;
    await clock.advance(HOUR);
    expect(compacted).toHaveLength(idle);
    compactor.close();
  });
});

describe('by revision', () => {
  it('keeps that many below the newest, looking every 5 min', async () => {
    revision = 1000;
    const compactor = new RevisionCompactor(100, ports);
    compactor.start();
    await clock.advance(11 * MINUTE);
    expect(compacted).toEqual([{ revision: 900, minute: 5 }]);
    revision = 1500;
    await clock.advance(5 * MINUTE);
    expect(compacted.at(-1)).toEqual({ revision: 1400, minute: 15 });
    compactor.close();
  });

  it('does nothing while there is less, or while following', async () => {
    const compactor = new RevisionCompactor(100, ports);
    compactor.start();
    revision = 50;
    await clock.advance(20 * MINUTE);
    leads = false;
    revision = 500;
    await clock.advance(20 * MINUTE);
    expect(compacted).toEqual([]);
    compactor.close();
  });
});
