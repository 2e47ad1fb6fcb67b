/**
 * Decides how much of the log stays in memory below the applied index: enough for followers that are a little behind, and
 * never more than a number of bytes. For a member that is known to be further behind more is kept, up to a higher bound.
 */
import type { LogIndex } from '@kv/raft';

/** Bytes of applied entries kept in memory. etcd counts entries only: 5000 of 1.5 MiB would be 7.5 GB. */
const KEPT_BYTES_MAX: number = 64 * 1024 * 1024;
/** The same where another member may need them. */
const HELD_BYTES_MAX: number = 256 * 1024 * 1024;
const HELD_ENTRIES_MAX = 1_000_000;

interface AppliedStretch {
  /** Inclusive. */
  readonly lastIndex: LogIndex;
  readonly entries: number;
  readonly bytes: number;
}

export class LogTrimmer {
  readonly #keptEntriesMax: number;
  /** Stretches that are still in memory, oldest first. */
  #stretches: AppliedStretch[] = [];
  #head = 0;
  #entries = 0;
  #bytes = 0;

  constructor(keptEntriesMax: number) {
    this.#keptEntriesMax = keptEntriesMax;
  }

  /**
   * A batch was applied. Returns the index up to which (inclusive) the log can be forgotten, if that has moved. From
   * `neededFrom` on, other members may lack entries.
   */
  applied(
    lastIndex: LogIndex,
    entries: number,
    bytes: number,
    neededFrom: LogIndex,
  ): LogIndex | undefined {
    this.#stretches.push({ lastIndex, entries, bytes });
    this.#entries += entries;
    this.#bytes += bytes;
    let forget: LogIndex | undefined;
    while (this.#entries > this.#keptEntriesMax || this.#bytes > KEPT_BYTES_MAX) {
      const oldest = this.#stretches[this.#head];
      if (oldest === undefined) break;
      const fits = this.#bytes <= HELD_BYTES_MAX && this.#entries <= HELD_ENTRIES_MAX;
      if (fits && oldest.lastIndex >= neededFrom) break;
      this.#head += 1;
      this.#entries -= oldest.entries;
      this.#bytes -= oldest.bytes;
      forget = oldest.lastIndex;
    }
    if (this.#head > 1024) {
      this.#stretches = this.#stretches.slice(this.#head);
      this.#head = 0;
    }
    return forget;
  }
}
