/** Whether a peer is reached, in the log. Goal: each change is said, and who stays away is named with the reason, not with every attempt. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { MemberId } from '../ids.js';
import type { Logger } from '../logger.js';
import { FakeClock } from '../testing/fake-clock.js';
import { LinkStatus } from './link-status.js';

let clock: FakeClock;
let told: string[];
let status: LinkStatus;

beforeEach(() => {
  clock = new FakeClock();
  told = [];
  const logger: Logger = {
    enabled: () => true,
    log: (level, message, fields) => {
      if (level !== 'debug') told.push(`${message}: ${String(fields?.['error'])}`);
    },
  };
  status = new LinkStatus(1n as MemberId, clock, logger);
});

async function failFor(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 500) {
    await clock.advance(500);
    status.lost('refused');
  }
}

const AWAY = 'prober detected unhealthy status: refused';

describe('a peer', () => {
  it('that was never reached is named after five seconds, and every ten minutes', async () => {
    await failFor(4500);
    expect(told).toEqual([]);
    await failFor(500);
    expect(told).toEqual([AWAY]);
    await failFor(9 * 60_000);
    expect(told).toEqual([AWAY]);
    await failFor(60_000);
    expect(told).toEqual([AWAY, AWAY]);
  });

  it('that refuses is there, and is not named here', async () => {
    for (let n = 0; n < 20; n++) {
      await clock.advance(500);
      status.lost('refused with 412', true);
    }
    expect(told).toEqual([]);
  });

  it('that was reached and lost is said to be, and named five seconds later', async () => {
    status.reached();
    status.reached();
    expect(status.sinceMs).toBeDefined();
    await clock.advance(60_000);
    status.lost('reset');
    expect(status.sinceMs).toBe(undefined);
    const changes = [
      'peer became active: undefined',
      'peer became inactive (message send to peer failed): reset',
    ];
    expect(told).toEqual(changes);
    await failFor(5000);
    expect(told).toEqual([...changes, AWAY]);
    status.reached();
    status.lost('reset');
    await failFor(5000);
    expect(told).toEqual([...changes, AWAY, ...changes, AWAY]);
  });
});
