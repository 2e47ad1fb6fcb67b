/** What the store went through, revision by revision: from a watch of all of it once the cluster is calm, checked against the rules of revisions. */
import type { KeyState, SeenEvent } from './history.js';

export class Truth {
  readonly #events: readonly SeenEvent[];
  readonly #byKey = new Map<string, SeenEvent[]>();
  readonly #byValue = new Map<string, SeenEvent>();

  /** `events` of revisions 2 to the last, in order. Throws where they are no history of a store whose every request changes one key (G-4). */
  constructor(events: readonly SeenEvent[]) {
    this.#events = events;
    for (const [n, event] of events.entries()) {
      if (event.revision !== n + 2) {
        throw new Error(`G-4: revision ${n + 2} is missing or twice: found ${event.revision}`);
      }
      this.#add(event);
    }
  }

  get lastRevision(): number {
    return this.#events.length + 1;
  }

  get events(): readonly SeenEvent[] {
    return this.#events;
  }

  at(revision: number): SeenEvent | undefined {
    return this.#events[revision - 2];
  }

  /** The put of this value, which nobody wrote twice. */
  putOf(value: string): SeenEvent | undefined {
    return this.#byValue.get(value);
  }

  stateOf(key: string, revision: number): KeyState | undefined {
    const events = this.#byKey.get(key) ?? [];
    let low = 0;
    let high = events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((events[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return events[low - 1]?.state;
  }

  #add(event: SeenEvent): void {
    const { key, revision, state, type } = event;
    const of = this.#byKey.get(key) ?? [];
    this.#byKey.set(key, of);
    const before = of.at(-1)?.state;
    if (type === 'put') {
      const expected = {
        createRevision: before?.createRevision ?? revision,
        version: (before?.version ?? 0) + 1,
      };
      if (state?.createRevision !== expected.createRevision || state.version !== expected.version) {
        throw new Error(
          `G-4: ${key} at ${revision} is ${JSON.stringify(state)} after ${JSON.stringify(before)}`,
        );
      }
      if (this.#byValue.has(state.value)) throw new Error(`G-18: ${state.value} was written twice`);
      this.#byValue.set(state.value, event);
    } else if (before === undefined) {
      throw new Error(`G-4: ${key}, which was not there, is deleted at ${revision}`);
    }
    of.push(event);
  }
}
