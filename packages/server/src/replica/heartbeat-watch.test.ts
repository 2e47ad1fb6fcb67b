/** F-11, F-13: when a heartbeat counts as late, and what is said of it. */
import type { Message } from '@kv/raft';
import { expect, it } from 'vitest';
import type { MemberId } from '../ids.js';
import { HeartbeatWatch } from './heartbeat-watch.js';

const INTERVAL_MS = 100;

function watched() {
  const seen = { late: 0, lines: [] as unknown[], nowMs: 0 };
  const watch = new HeartbeatWatch(INTERVAL_MS, {
    clock: { monotonicMs: () => seen.nowMs },
    logger: { enabled: () => true, log: (...line: readonly unknown[]) => seen.lines.push(line) },
    metrics: {
      heartbeatLate: () => {
        seen.late += 1;
      },
    },
  });
  const beat = (afterMs: number, ...to: readonly bigint[]): void => {
    seen.nowMs += afterMs;
    watch.sending(to.map((id) => ({ type: 'MsgHeartbeat', to: id as MemberId }) as Message));
  };
  return { seen, watch, beat };
}

it('counts and names each member whose heartbeat leaves more than two intervals after the one before', () => {
  const { seen, beat } = watched();
  beat(0, 0xan, 0xbn);
  beat(200, 0xan);
  expect(seen.late).toBe(0);
  beat(51.5, 0xan, 0xbn);
  expect(seen.late).toBe(1);
  expect(seen.lines).toEqual([
    [
      'warn',
      'leader failed to send out heartbeat on time; took too long, leader is overloaded likely from slow disk',
      {
        to: 'b',
        'heartbeat-interval': '100ms',
        'expected-duration': '200ms',
        'exceeded-duration': '51.5ms',
      },
    ],
  ]);
});

it('begins anew with each change of leader or role', () => {
  const { seen, watch, beat } = watched();
  beat(0, 1n);
  watch.reset();
  beat(10_000, 1n);
  expect(seen.late).toBe(0);
});

it('hears of heartbeats only', () => {
  const { seen, watch, beat } = watched();
  beat(0, 1n);
  seen.nowMs += 150;
  watch.sending([{ type: 'MsgApp', to: 1n } as Message]);
  beat(150, 1n);
  expect(seen.late).toBe(1);
});
