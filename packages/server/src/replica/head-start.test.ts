/** Once, and only where other members are reached in time. */
import { expect, it } from 'vitest';
import { HeadStart } from './head-start.js';

class Fixture {
  connected = 0;
  advanced = 0;
  readonly start: HeadStart;

  constructor(enabled = true) {
    this.start = new HeadStart({
      enabled,
      startedMs: 1000,
      connectedCount: () => this.connected,
      advance: () => {
        this.advanced += 1;
      },
    });
  }
}

it('comes once, when two others are reached', () => {
  const f = new Fixture();
  f.start.tick(1100);
  f.connected = 1;
  f.start.tick(1200);
  expect(f.advanced).toBe(0);
  f.connected = 2;
  f.start.tick(1300);
  f.start.tick(1400);
  expect(f.advanced).toBe(1);
});

it('does not come late, nor where it is switched off', () => {
  const late = new Fixture();
  late.start.tick(6100);
  late.connected = 2;
  late.start.tick(6200);
  const off = new Fixture(false);
  off.connected = 2;
  off.start.tick(1100);
  expect([late.advanced, off.advanced]).toEqual([0, 0]);
});
