/** Points of the log at which it may be cut later: index, term and configuration, as they were when the point was applied. */
import type { ConfState, LogIndex, Term } from '@kv/raft';

export interface SnapshotMark {
  readonly index: LogIndex;
  readonly term: Term;
  readonly confState: ConfState;
}

/** Entries between two marks. */
const MARK_ENTRIES = 500;
/** More than any log that is kept has: the oldest is forgotten then. */
const MARKS_MAX = 4096;

export class SnapshotMarks {
  /** Ascending by index. */
  #marks: SnapshotMark[] = [];

  /** A batch that ends here was applied. */
  applied(index: LogIndex, term: Term, confState: () => ConfState): void {
    const last = this.#marks.at(-1)?.index ?? 0;
    if (index - last < MARK_ENTRIES) return;
    if (this.#marks.length === MARKS_MAX) this.#marks.shift();
    this.#marks.push({ index, term, confState: confState() });
  }

  newestBelow(index: LogIndex): SnapshotMark | undefined {
    return this.#marks.findLast((mark) => mark.index < index);
  }

  /** The log is cut here: marks up to here (inclusive) are of no use. */
  forget(index: LogIndex): void {
    this.#marks = this.#marks.filter((mark) => mark.index > index);
  }
}
