/**
 * Judges a history: every answer must be that of one store that went through what `Truth` shows, in an order that agrees with time. As each
 * write has a revision of its own, there is nothing to search for. A violation is a sentence that begins with the promise that was broken.
 */
import type { History, KeyState, LeaseRecord, Operation, SeenEvent } from './history.js';
import type { Truth } from './truth.js';

/** After a lease could have expired: time for a new leader, who grants every lease its full time again, and for the revocation. */
const EXPIRY_LATE_MS_MAX = 30_000;

export function violationsOf(history: History, truth: Truth): readonly string[] {
  const violations: string[] = [];
  const checker = new Checker(history, truth, (text) => violations.push(text));
  checker.check();
  return violations;
}

class Checker {
  readonly #history: History;
  readonly #truth: Truth;
  readonly #broken: (text: string) => void;
  readonly #floors: readonly { readonly atMs: number; readonly revision: number }[];

  constructor(history: History, truth: Truth, broken: (text: string) => void) {
    this.#history = history;
    this.#truth = truth;
    this.#broken = broken;
    this.#floors = floorsOf(history);
  }

  check(): void {
    for (const operation of this.#history.operations) this.#checkOne(operation);
    this.#checkEverythingWasAskedFor();
    for (const [name, events] of this.#history.watchers) this.#checkWatcher(name, events);
    for (const lease of this.#history.leases) this.#checkLease(lease);
  }

  #checkOne(operation: Operation): void {
    const { result, request } = operation;
    switch (result.type) {
      case 'written':
        this.#checkWritten(operation, result.revision);
        return;
      case 'deleted':
        this.#checkDeleted(operation, result.revision, result.count);
        return;
      case 'notSwapped': {
        this.#checkOrder(operation, result.revision);
        const state = this.#truth.stateOf(request.key, result.revision);
        if (request.kind !== 'compareAndSwap') return;
        if ((state?.modRevision ?? 0) !== request.modRevision) return;
        this.#tell('G-5', operation, 'its condition held');
        return;
      }
      case 'read': {
        const serializable = request.kind === 'read' && request.serializable;
        if (!serializable) this.#checkOrder(operation, result.revision);
        const state = this.#truth.stateOf(request.key, result.revision);
        if (isSame(state, result.state)) return;
        this.#tell(serializable ? 'G-6' : 'G-1', operation, `it was ${JSON.stringify(state)}`);
        return;
      }
      case 'refused':
      case 'unknown':
        this.#checkUnacknowledged(operation);
        return;
    }
  }

  #checkWritten(operation: Operation, revision: number): void {
    const { request } = operation;
    const event = this.#truth.at(revision);
    const value = 'value' in request ? request.value : undefined;
    if (event?.key !== request.key || event.state?.value !== value) {
      this.#tell('G-2', operation, `at that revision there is ${JSON.stringify(event)}`);
    }
    this.#checkOrder(operation, revision - 1);
    if (request.kind !== 'compareAndSwap') return;
    const before = this.#truth.stateOf(request.key, revision - 1);
    if ((before?.modRevision ?? 0) !== request.modRevision) {
      this.#tell('G-5', operation, `its condition did not hold: ${JSON.stringify(before)}`);
    }
  }

  #checkDeleted(operation: Operation, revision: number, count: number): void {
    const { key } = operation.request;
    if (count === 0) {
      this.#checkOrder(operation, revision);
      const state = this.#truth.stateOf(key, revision);
      if (state !== undefined) this.#tell('G-1', operation, `it was ${JSON.stringify(state)}`);
      return;
    }
    this.#checkOrder(operation, revision - 1);
    const event = this.#truth.at(revision);
    if (event?.type !== 'delete' || event.key !== key) {
      this.#tell('G-2', operation, `at that revision there is ${JSON.stringify(event)}`);
    }
  }

  /** What was refused did not happen; what is unknown may have, but not before it was asked for. */
  #checkUnacknowledged(operation: Operation): void {
    const { request, result } = operation;
    const event = 'value' in request ? this.#truth.putOf(request.value) : undefined;
    if (event === undefined) return;
    if (result.type === 'refused') this.#tell('G-18', operation, `it is there: ${event.revision}`);
    else this.#checkOrder(operation, event.revision - 1);
  }

  /** Nothing takes effect before what had been seen when it was asked for. */
  #checkOrder(operation: Operation, revision: number): void {
    const floor = this.#floorBefore(operation.invokedMs);
    if (revision < floor) {
      this.#tell('G-1', operation, `revision ${floor} had been seen before it was asked`);
    }
  }

  #floorBefore(atMs: number): number {
    let low = 0;
    let high = this.#floors.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#floors[middle]?.atMs ?? 0) < atMs) low = middle + 1;
      else high = middle;
    }
    return this.#floors[low - 1]?.revision ?? 1;
  }

  #checkEverythingWasAskedFor(): void {
    const asked = new Set<string>();
    const deleted = new Set<string>();
    for (const { request } of this.#history.operations) {
      if ('value' in request) asked.add(request.value);
      if (request.kind === 'delete') deleted.add(request.key);
    }
    const leased = new Set(this.#history.leases.map(({ key }) => key));
    for (const { type, key, revision, state } of this.#truth.events) {
      if (leased.has(key)) continue;
      const isKnown = type === 'delete' ? deleted.has(key) : asked.has(state?.value ?? '');
      if (!isKnown) this.#broken(`G-3: nobody asked for ${type} of ${key} at ${revision}`);
    }
  }

  /** Everything, in order, once (G-8). */
  #checkWatcher(name: string, events: readonly SeenEvent[]): void {
    for (const [n, event] of events.entries()) {
      const expected = this.#truth.at(n + 2);
      const isRight =
        expected !== undefined &&
        event.revision === expected.revision &&
        event.type === expected.type &&
        event.key === expected.key &&
        isSame(event.state, expected.state);
      if (isRight) continue;
      this.#broken(`G-8: ${name} saw ${JSON.stringify(event)}, not ${JSON.stringify(expected)}`);
      return;
    }
    if (events.length + 1 < this.#truth.lastRevision) {
      this.#broken(`G-8: ${name} saw nothing after revision ${events.length + 1}`);
    }
  }

  /** Never early, by the time at which a watcher heard of it; and in the end for certain (G-9). */
  #checkLease({ key, renewedMs, ttlMs }: LeaseRecord): void {
    const last = this.#truth.stateOf(key, this.#truth.lastRevision);
    if (last !== undefined) this.#broken(`G-9: the lease of ${key} never expired`);
    for (const [name, events] of this.#history.watchers) {
      const gone = events.find((event) => event.key === key && event.type === 'delete');
      if (gone === undefined || gone.atMs >= renewedMs + ttlMs) continue;
      const heldMs = Math.round(gone.atMs - renewedMs);
      this.#broken(`G-9: ${name} saw ${key} expire ${heldMs} ms after its renewal, of ${ttlMs}`);
    }
  }

  #tell(promise: string, { client, endpoint, request, result }: Operation, why: string): void {
    const told = `${client} was told ${JSON.stringify(result)} of ${JSON.stringify(request)} by ${endpoint}`;
    this.#broken(`${promise}: ${told}, but ${why}`);
  }
}

/** How long leases may still take when nobody renews them any more. */
export function expiryMsMax(leases: readonly LeaseRecord[]): number {
  return Math.max(0, ...leases.map(({ ttlMs }) => ttlMs)) + EXPIRY_LATE_MS_MAX;
}

/** The highest revision that anybody had been told, over time. Serializable reads count: what was seen once is there (G-3). */
function floorsOf({
  operations,
}: History): readonly { readonly atMs: number; readonly revision: number }[] {
  const told = operations
    .flatMap(({ returnedMs, result }) =>
      'revision' in result ? [{ atMs: returnedMs, revision: result.revision }] : [],
    )
    .toSorted((a, b) => a.atMs - b.atMs);
  let highest = 1;
  return told.map(({ atMs, revision }) => {
    highest = Math.max(highest, revision);
    return { atMs, revision: highest };
  });
}

function isSame(a: KeyState | undefined, b: KeyState | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.value === b.value &&
    a.createRevision === b.createRevision &&
    a.modRevision === b.modRevision &&
    a.version === b.version
  );
}
