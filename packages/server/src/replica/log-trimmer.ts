/**
 * Decides how much of the log stays in memory below the applied index: enough for followers that are a little behind, and
 * never more than a number of bytes. Who needs older entries is sent a snapshot.
 */
import type { LogIndex } from '@kv/raft';

/** Bytes of applied entries kept in memory. etcd counts entries only: 5000 of 1.5 MiB would be 7.5 GB. */
const KEPT_BYTES_MAX: number = 64 * 1024 * 1024;

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

  /** A batch was applied. Returns the index up to which (inclusive) the log can be forgotten, if that has moved. */
  applied(lastIndex: LogIndex, entries: number, bytes: number): LogIndex | undefined {
    this.#stretches.push({ lastIndex, entries, bytes });
    this.#entries += entries;
    this.#bytes += bytes;
    let forget: LogIndex | undefined;
    while (this.#entries > this.#keptEntriesMax || this.#bytes > KEPT_BYTES_MAX) {
      const oldest = this.#stretches[this.#head];
      if (oldest === undefined) break;
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
