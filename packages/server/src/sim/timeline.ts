/**
 * Simulated time: events in order, one after the other, with everything that a member does because of one coming to rest
 * before the next. Nothing here waits for real time.
 *
 * An event belongs to an actor: to a process of a member, or to a client. While its actor is paused, an event is put aside; when
 * the actor has ended, it never happens. So a crash is nothing but the end of an actor: whatever the old process still holds can
 * not do anything any more.
 */
import { PowerLoss } from '@kv/wal/testing';
import type { Timer } from '../clock.js';
import { Violation } from './violation.js';

/** Events at one and the same instant beyond which something is spinning. */
const EVENTS_PER_INSTANT_MAX = 200_000;

interface ScheduledEvent {
  readonly atMs: number;
  /** Events at the same time happen in the order in which they were scheduled. */
  readonly order: number;
  readonly actor: Actor;
  run: (() => void) | undefined;
}

export type ActorState = 'running' | 'paused' | 'ended';

/** Whose code runs in an event. */
export class Actor {
  readonly name: string;
  #state: ActorState = 'running';
  #aside: ScheduledEvent[] = [];

  constructor(name: string) {
    this.name = name;
  }

  get state(): ActorState {
    return this.#state;
  }

  get hasEnded(): boolean {
    return this.#state === 'ended';
  }

  pause(): void {
    if (this.#state === 'running') this.#state = 'paused';
  }

  end(): void {
    this.#state = 'ended';
    this.#aside = [];
  }

  putAside(event: ScheduledEvent): void {
    this.#aside.push(event);
  }

  /** What was put aside, in order. */
  resume(): readonly ScheduledEvent[] {
    if (this.#state === 'paused') this.#state = 'running';
    return this.#aside.splice(0);
  }
}

/** A turn of the real loop, after which no promise is under way any more. */
function realTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export class Timeline {
  #nowMs = 0;
  #order = 0;
  #sameInstant = 0;
  #events = 0;
  /** A binary heap by time and order. */
  readonly #heap: ScheduledEvent[] = [];
  #failure: Violation | undefined;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events that have happened. */
  get events(): number {
    return this.#events;
  }

  /** Ends the simulation: `run` rejects after this event. The first failure counts. */
  fail(violation: Violation): void {
    this.#failure ??= violation;
  }

  after(delayMs: number, actor: Actor, run: () => void): Timer {
    return this.at(this.#nowMs + Math.max(0, delayMs), actor, run);
  }

  /** What is scheduled for the same time happens in order, which sums of delays do not promise: they are rounded. */
  at(atMs: number, actor: Actor, run: () => void): Timer {
    const event: ScheduledEvent = {
      atMs: Math.max(atMs, this.#nowMs),
      order: this.#order++,
      actor,
      run,
    };
    this.#push(event);
    return {
      cancel: () => {
        event.run = undefined;
      },
    };
  }

  /** Resolves so much later, unless the actor has ended: then never. */
  wait(delayMs: number, actor: Actor): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayMs, actor, resolve);
    });
  }

  /** Lets an actor go on, with what was put aside in the meantime. */
  resume(actor: Actor): void {
    for (const event of actor.resume()) {
      // It may be cancelled until it happens.
      this.after(0, actor, () => event.run?.());
    }
  }

  /** Lets time pass until then, or until `until` holds. Rejects with the first violation. */
  async run(endMs: number, until: () => boolean = () => false): Promise<void> {
    await realTurn();
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (until()) return;
      const next = this.#heap[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#pop();
      if (next.run === undefined || next.actor.hasEnded) continue;
      this.#advanceTo(next.atMs);
      if (next.actor.state === 'paused') {
        next.actor.putAside(next);
        continue;
      }
      this.#perform(next);
      await realTurn();
    }
    this.#nowMs = Math.max(this.#nowMs, endMs);
  }

  #perform({ run, actor }: ScheduledEvent): void {
    this.#events += 1;
    try {
      run?.();
    } catch (error) {
      // Power failed inside of a call: whoever lost it knows.
      if (error instanceof PowerLoss) return;
      const text = error instanceof Error ? error.message : String(error);
      this.fail(
        error instanceof Violation
          ? error
          : new Violation('crash', 'member-ended', `${actor.name} threw: ${text}`, {
              cause: error,
            }),
      );
    }
  }

  #advanceTo(atMs: number): void {
    this.#sameInstant = atMs > this.#nowMs ? 0 : this.#sameInstant + 1;
    this.#nowMs = Math.max(this.#nowMs, atMs);
    if (this.#sameInstant > EVENTS_PER_INSTANT_MAX) {
      this.fail(new Violation('liveness', 'progress', `something spins at ${this.#nowMs} ms`));
    }
  }

  #push(event: ScheduledEvent): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, event)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      let below = heap[child];
      if (below === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, below)) {
        child += 1;
        below = right;
      }
      if (isBefore(last, below)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: ScheduledEvent, b: ScheduledEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
