/** The bound on the size of the store: asked before proposing and again after applying (semantics.md §9.1). */
import type { Command } from './command.js';
import { costBytesOf } from './quota-cost.js';

/**
 * Within this distance of the bound the size is asked for at every batch; further away a tick is often enough, as no tick
 * brings that much. Asking costs system calls.
 */
const NEAR_BYTES: number = 256 * 1024 * 1024;

/** What a quota of 0 in the configuration means. */
export const DEFAULT_QUOTA_BYTES: number = 2 * 1024 * 1024 * 1024;

export class Quota {
  /** The bound in bytes; Infinity when there is none. */
  readonly limitBytes: number;
  /** As Status shows it: the bound, or the negative number that stands for none. */
  readonly configuredBytes: number;
  readonly #askSize: () => number;
  #sizeBytes: number;

  /** `configuredBytes`: 0 for the default, negative for none. `askSize`: the allocated size of the database, in bytes. */
  constructor(configuredBytes: number, askSize: () => number) {
    if (configuredBytes === 0) this.limitBytes = DEFAULT_QUOTA_BYTES;
    else this.limitBytes = configuredBytes < 0 ? Infinity : configuredBytes;
    this.configuredBytes = configuredBytes === 0 ? DEFAULT_QUOTA_BYTES : configuredBytes;
    this.#askSize = askSize;
    this.#sizeBytes = askSize();
  }

  /** A tick has passed: the size may be another. */
  tick(): void {
    if (this.limitBytes !== Infinity) this.#sizeBytes = this.#askSize();
  }

  /** A batch was applied. */
  batchApplied(): void {
    if (this.#sizeBytes + NEAR_BYTES >= this.limitBytes) this.tick();
  }

  /** A command without cost always fits. */
  fits(command: Command): boolean {
    if (this.limitBytes === Infinity) return true;
    const cost = costBytesOf(command);
    return cost === 0 || this.#sizeBytes + cost < this.limitBytes;
  }
}
