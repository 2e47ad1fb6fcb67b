/**
 * Decides which syncs of the log run on the loop's own thread instead of in libuv's pool.
 *
 * A trip through the pool costs two wake-ups of a thread: a third of what a small sync takes on a good disk, and what a lone
 * writer waits for in vain. A sync on this thread stops everything else for as long as the disk takes. So only those run
 * here that nobody but one caller waits for, and only while the disk has been quick without exception: of a disk that
 * becomes slow, the loop feels one sync.
 */

/** A sync that takes longer was slow. Far below half a heartbeat, which no turn of the loop may exceed. */
export const QUICK_SYNC_MS = 2;

/** So many quick ones in a row make a quick disk. */
export const QUICK_SYNCS_MIN = 32;

/** Bytes of an entry that are still written in no time beside the sync itself. */
export const INLINE_ENTRY_BYTES_MAX: number = 64 * 1024;

export class InlineSyncs {
  #quickInARow = 0;

  /** Whether the sync of these entries may run on this thread. */
  allow(entries: readonly { readonly data: Uint8Array }[]): boolean {
    if (this.#quickInARow < QUICK_SYNCS_MIN || entries.length > 1) return false;
    return (entries[0]?.data.length ?? 0) <= INLINE_ENTRY_BYTES_MAX;
  }

  /** A sync took so long, wherever it ran. */
  observe(tookMs: number): void {
    this.#quickInARow = tookMs <= QUICK_SYNC_MS ? this.#quickInARow + 1 : 0;
  }
}
