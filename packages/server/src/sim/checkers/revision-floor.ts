/** The newest revision that anybody had seen before a moment: nothing that begins later may be placed before it. */
import type { History } from '../history.js';

export class RevisionFloor {
  /** Ascending by time; revisions ascending, too. */
  readonly #times: number[] = [];
  readonly #revisions: number[] = [];

  constructor(history: History) {
    const seen: [atMs: number, revision: number][] = [];
    for (const { outcome, returnedMs } of history.operations) {
      if (outcome?.type !== 'ok' || returnedMs === undefined) continue;
      seen.push([returnedMs, Number(outcome.response.header?.revision ?? 0n)]);
    }
    for (const { watches } of history.watchers) {
      for (const { arrivals } of watches) {
        for (const { atMs, response } of arrivals) {
          seen.push([atMs, Number(response.events.at(-1)?.kv?.modRevision ?? 0n)]);
        }
      }
    }
    seen.sort(([a], [b]) => a - b);
    let highest = 1;
    for (const [atMs, revision] of seen) {
      if (revision <= highest) continue;
      highest = revision;
      this.#times.push(atMs);
      this.#revisions.push(revision);
    }
  }

  /** Seen strictly before `atMs`. */
  before(atMs: number): number {
    let low = 0;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#times[middle] ?? 0) < atMs) low = middle + 1;
      else high = middle;
    }
    return this.#revisions[low - 1] ?? 1;
  }
}
