/**
 * Time inside of the process: it stands still until somebody wants it to pass, and then jumps from timer to timer.
 *
 * Two things want it to pass: `advance`, and a driver (a call that waits for what only time can bring). Before each
 * step everything that is under way comes to rest, so that what a timer started is over before the next one fires.
 *
 * - V1. `nowMs` never falls, and rises only at rest.
 * - V2. Timers run in the order in which they are due; those due together in the order in which they were made.
 * - V3. What `soon` was given runs in order, in a later turn of the real loop than the one that gave it.
 * - V4. At rest no turn of the real loop is taken: nothing here keeps a process alive.
 */
import { setImmediate } from 'node:timers';
import { invariant } from '../invariant.js';
import { TimerQueue, type VirtualTimer } from './timer-queue.js';

/** Turns in which nothing happened, after which everything is at rest: promises that wait on promises have had their say. */
const QUIET_TURNS = 2;
/** Callbacks and timers that run in one turn of the real loop at most: others want to live, too. */
const CALLBACKS_PER_TURN_MAX = 1000;

interface Goal {
  readonly atMs: number;
  readonly reached: () => void;
  readonly failed: (error: unknown) => void;
}

export class VirtualClock {
  #nowMs = 0;
  readonly #timers = new TimerQueue();
  #soon: (() => void)[] = [];
  #order = 0;
  #activity = 0;
  readonly #sources: (() => number)[] = [];
  readonly #goals = new Set<Goal>();
  readonly #drivers = new Set<() => boolean>();
  #running = false;

  /** Milliseconds since the clock was made. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Timers that wait. */
  get timerCount(): number {
    return this.#timers.size;
  }

  /** Runs a callback once time has come to `delayMs` from now. Returns what cancels it. */
  schedule(delayMs: number, run: () => void): () => void {
    let pending = true;
    const timer: VirtualTimer = {
      dueMs: this.#nowMs + Math.max(0, delayMs),
      order: this.#order++,
      cancelled: false,
      run: () => {
        pending = false;
        run();
      },
    };
    this.#timers.add(timer);
    return () => {
      if (!pending) return;
      pending = false;
      this.#timers.cancel(timer);
    };
  }

  soon(callback: () => void): void {
    this.#soon.push(callback);
    this.#start();
  }

  /** Something began that ends in a promise: what follows from it is waited for before time passes. */
  noteActivity(): void {
    this.#activity++;
  }

  /** A number that rises with each such thing, for those who can be asked but do not tell. */
  observe(source: () => number): void {
    this.#sources.push(source);
  }

  /** While `wants` says so, time passes. It is asked at rest; whoever begins to want something calls `wake`. */
  drive(wants: () => boolean): () => void {
    this.#drivers.add(wants);
    this.#start();
    return () => {
      this.#drivers.delete(wants);
    };
  }

  wake(): void {
    this.#start();
  }

  /** Lets time pass. Resolves when everything that it brought has come to rest. */
  advance(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#goals.add({ atMs: this.#nowMs + ms, reached: resolve, failed: reject });
      this.#start();
    });
  }

  /** Lets everything come to rest that is under way. */
  settle(): Promise<void> {
    return this.advance(0);
  }

  /** Ends everything: whoever waits for time to pass is told `reason`, and nothing runs any more. */
  stop(reason: Error): void {
    this.#drivers.clear();
    this.#soon = [];
    this.#timers.clear();
    this.#fail(reason);
  }

  #start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#run().catch((error: unknown) => {
      this.#running = false;
      // A callback threw: a bug. If nobody waits who could be told, the process is.
      if (this.#fail(error)) return;
      setImmediate(() => {
        throw error;
      });
    });
  }

  async #run(): Promise<void> {
    let quiet = 0;
    for (;;) {
      const before = this.#activitySum();
      await realTurn();
      const ran = this.#runSoon();
      if (ran || this.#soon.length > 0 || this.#activitySum() !== before) quiet = 0;
      else quiet++;
      if (quiet < QUIET_TURNS) continue;
      if (!this.#step()) break;
      quiet = 0;
    }
    this.#running = false;
  }

  /** Everything is at rest: time moves. False when nobody wants it to. */
  #step(): boolean {
    const before = this.#activitySum();
    for (let n = 0; n < CALLBACKS_PER_TURN_MAX; n++) {
      const goal = this.#nextGoal();
      if (goal === undefined && !this.#isDriven()) return n > 0;
      const next = this.#timers.peek();
      if (goal !== undefined && (next === undefined || next.dueMs > goal.atMs)) {
        this.#nowMs = Math.max(this.#nowMs, goal.atMs);
        this.#goals.delete(goal);
        goal.reached();
        return true;
      }
      if (next === undefined) return n > 0;
      this.#timers.take();
      invariant(next.dueMs >= this.#nowMs, 'no timer is overdue at rest', {
        dueMs: next.dueMs,
        nowMs: this.#nowMs,
      });
      this.#nowMs = next.dueMs;
      next.run();
      this.#runSoon();
      // A heartbeat that changes nothing costs no turn; whatever else began is waited for.
      if (this.#soon.length > 0 || this.#activitySum() !== before) return true;
    }
    return true;
  }

  #isDriven(): boolean {
    for (const wants of this.#drivers) if (wants()) return true;
    return false;
  }

  #nextGoal(): Goal | undefined {
    let first: Goal | undefined;
    for (const goal of this.#goals) {
      if (first === undefined || goal.atMs < first.atMs) first = goal;
    }
    return first;
  }

  /** Whether there was anything to run. */
  #runSoon(): boolean {
    let count = 0;
    while (this.#soon.length > 0 && count < CALLBACKS_PER_TURN_MAX) {
      const batch = this.#soon;
      this.#soon = [];
      for (const callback of batch) callback();
      count += batch.length;
    }
    return count > 0;
  }

  #activitySum(): number {
    let sum = this.#activity;
    for (const source of this.#sources) sum += source();
    return sum;
  }

  /** Tells everybody who waits for time to pass that it will not. False when nobody does. */
  #fail(error: unknown): boolean {
    const goals = [...this.#goals];
    this.#goals.clear();
    for (const goal of goals) goal.failed(error);
    return goals.length > 0;
  }
}

/** A turn of the real loop. Imported, not global: libraries that fake timers replace the global one. */
function realTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
