/** Whether a stream's watchers have all reached their start: the half of manual progress that is not about being live. */
import type { Revision } from '@kv/mvcc/model';
import type { Watcher } from './watcher.js';

/** Costs nothing for each request beyond those that began meanwhile: 10^5 requests are no attack (B-51). */
export class ManualProgress {
  /** Those that started in the future when last looked at. */
  readonly #future = new Set<Watcher>();

  add(watcher: Watcher, revision: Revision): void {
    if (watcher.startRevision > revision) this.#future.add(watcher);
  }

  delete(watcher: Watcher): void {
    this.#future.delete(watcher);
  }

  clear(): void {
    this.#future.clear();
  }

  allStarted(revision: Revision): boolean {
    for (const watcher of this.#future) {
      if (watcher.startRevision > revision) return false;
      this.#future.delete(watcher);
    }
    return true;
  }
}
