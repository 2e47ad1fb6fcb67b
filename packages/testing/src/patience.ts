/** Waiting in virtual time: time passes as long as somebody waits, and not longer than he said. */
import type { VirtualClock } from './clock/virtual-clock.js';
import { TestClusterError } from './errors.js';

/** Lets time pass until the promise settles. Rejects with `TestClusterError` of code `timeout` after `withinMs`. */
export async function waitInTime<T>(
  clock: VirtualClock,
  promise: Promise<T>,
  withinMs: number,
  what: string,
): Promise<T> {
  let cancel: () => void = () => undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    cancel = clock.schedule(withinMs, () => {
      clock.noteActivity();
      const problem = `${what} did not come within ${withinMs} ms of virtual time`;
      reject(
        new TestClusterError('timeout', problem, {
          remedy: 'give it more time, or look whether something is paused, cut off or down',
        }),
      );
    });
  });
  const release = clock.drive(() => true);
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    release();
    cancel();
  }
}

/** Lets time pass, step by step, until there is an answer; undefined when there is none within `withinMs`. */
export async function pollInTime<T>(
  clock: VirtualClock,
  look: () => T | undefined,
  stepMs: number,
  withinMs: number,
): Promise<T | undefined> {
  const endMs = clock.nowMs + withinMs;
  await clock.settle();
  for (let found = look(); ; found = look()) {
    if (found !== undefined || clock.nowMs >= endMs) return found;
    await clock.advance(stepMs);
  }
}
