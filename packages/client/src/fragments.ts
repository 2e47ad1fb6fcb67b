/** Puts the fragments of watch responses together again: only whole revisions leave. */
import type { WatchResponse } from '@kv/proto/watch';

type Events = WatchResponse['events'];

/** Holds the events of the one revision that may go on in the next fragment; that bounds it by the largest transaction. */
export class Fragments {
  #held: Events = [];

  /** What can be handed out after this answer of the server; undefined while its only revision may go on. */
  take(answer: WatchResponse): WatchResponse | undefined {
    const events = this.#held.length === 0 ? answer.events : [...this.#held, ...answer.events];
    if (!answer.fragment) {
      this.#held = [];
      return { ...answer, events };
    }
    const last = events[events.length - 1]?.kv?.modRevision;
    const cut = events.findIndex(({ kv }) => kv?.modRevision === last);
    this.#held = events.slice(Math.max(0, cut));
    if (cut <= 0) return undefined;
    return { ...answer, fragment: false, events: events.slice(0, cut) };
  }
}
