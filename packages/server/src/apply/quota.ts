/** The bound on the size of the store: asked before proposing and again after applying (semantics.md §9.1). */
import type { Command } from './command.js';
import { costBytesOf } from './quota-cost.js';

/** What a quota of 0 in the configuration means. */
export const DEFAULT_QUOTA_BYTES: number = 2 * 1024 * 1024 * 1024;

export class Quota {
  /** The bound in bytes; Infinity when there is none. */
  readonly limitBytes: number;
  /** As Status shows it: the bound, or the negative number that stands for none. */
  readonly configuredBytes: number;
  readonly #sizeBytes: () => number;

  /** `configuredBytes`: 0 for the default, negative for none. `sizeBytes`: the allocated size of the database. */
  constructor(configuredBytes: number, sizeBytes: () => number) {
    if (configuredBytes === 0) this.limitBytes = DEFAULT_QUOTA_BYTES;
    else this.limitBytes = configuredBytes < 0 ? Infinity : configuredBytes;
    this.configuredBytes = configuredBytes === 0 ? DEFAULT_QUOTA_BYTES : configuredBytes;
    this.#sizeBytes = sizeBytes;
  }

  /** A command without cost always fits. */
  fits(command: Command): boolean {
    if (this.limitBytes === Infinity) return true;
    const cost = costBytesOf(command);
    return cost === 0 || this.#sizeBytes() + cost < this.limitBytes;
  }
}
