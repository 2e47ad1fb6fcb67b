/** Goal: time stands still, and passes in order, with everything at rest in between. Method: what was called, and when. */
import { expect, test } from 'vitest';
import { ProcessClock } from './process-clock.js';
import { VirtualClock } from './virtual-clock.js';

/** Notes what happens and at which time. */
function journal(clock: VirtualClock): {
  readonly lines: string[];
  readonly note: (what: string) => () => void;
} {
  const lines: string[] = [];
  return {
    lines,
    note: (what) => () => {
      lines.push(`${clock.nowMs} ${what}`);
    },
  };
}

test('V1, V2: timers run in the order in which they are due, then in that of their making', async () => {
  const clock = new VirtualClock();
  const { lines, note } = journal(clock);
  clock.schedule(20, note('c'));
  clock.schedule(10, note('a'));
  clock.schedule(10, note('b'));
  clock.schedule(21, note('not yet'));
  await clock.advance(20);
  expect(lines).toEqual(['10 a', '10 b', '20 c']);
  expect(clock.nowMs).toBe(20);
});

test('what a timer began is over before the next one fires', async () => {
  const clock = new VirtualClock();
  const process = new ProcessClock(clock);
  const { lines, note } = journal(clock);
  process.after(10, () => {
    void Promise.resolve()
      .then(() => Promise.resolve())
      .then(() => {
        process.soon(note('promise'));
      });
  });
  process.after(11, note('next'));
  await clock.advance(100);
  expect(lines).toEqual(['10 promise', '11 next']);
});

test('time passes while a driver wants it, and not a timer further', async () => {
  const clock = new VirtualClock();
  const process = new ProcessClock(clock);
  let wanted = true;
  const { lines, note } = journal(clock);
  process.after(50, () => {
    wanted = false;
    note('answer')();
  });
  process.after(60, note('too far'));
  clock.drive(() => wanted);
  await expect.poll(() => lines).toEqual(['50 answer']);
  await clock.settle();
  expect(clock.nowMs).toBe(50);
});

test('two who advance at the same time both get there, the nearer one first', async () => {
  const clock = new VirtualClock();
  const order: string[] = [];
  await Promise.all([
    clock.advance(20).then(() => order.push('20')),
    clock.advance(10).then(() => order.push('10')),
  ]);
  expect(order).toEqual(['10', '20']);
  expect(clock.nowMs).toBe(20);
});

test('a cancelled timer does not run, also when its time comes in the same step', async () => {
  const clock = new VirtualClock();
  const { lines, note } = journal(clock);
  clock.schedule(10, () => {
    cancel();
  });
  const cancel = clock.schedule(10, note('cancelled'));
  await clock.advance(10);
  expect(lines).toEqual([]);
});

test('a callback that throws is told to whoever advances', async () => {
  const clock = new VirtualClock();
  clock.schedule(10, () => {
    throw new Error('a bug');
  });
  await expect(clock.advance(10)).rejects.toThrow('a bug');
});

test('a paused process catches up once per interval, and with each timer, when it goes on', async () => {
  const clock = new VirtualClock();
  const process = new ProcessClock(clock);
  const { lines, note } = journal(clock);
  process.every(10, note('tick'));
  process.after(15, note('timer'));
  process.pause();
  process.soon(note('turn'));
  await clock.advance(95);
  expect(lines).toEqual([]);
  process.resume();
  await clock.settle();
  expect(lines).toEqual(['95 turn', '95 tick', '95 timer']);
  await clock.advance(5);
  expect(lines.at(-1)).toBe('100 tick');
});

test('of a process that has ended nothing runs any more', async () => {
  const clock = new VirtualClock();
  const process = new ProcessClock(clock);
  const { lines, note } = journal(clock);
  process.every(10, note('tick'));
  process.after(10, note('timer'));
  process.soon(note('turn'));
  process.end();
  await clock.advance(100);
  expect(lines).toEqual([]);
  expect(clock.timerCount).toBe(0);
});
