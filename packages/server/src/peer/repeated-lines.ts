/** Log lines that would come again with every attempt of a peer: each is said once, and again after a while if it still holds. */
import type { Clock } from '../clock.js';

const REPEAT_MS: number = 10 * 60_000;
/** Other members are few; strangers can make up as many ids as they like. */
const KEYS_MAX = 64;

export class RepeatedLines {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #saidMs = new Map<string, number>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Whether what `key` stands for is to be said now. */
  isDue(key: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    const saidMs = this.#saidMs.get(key);
    if (saidMs !== undefined && nowMs - saidMs < REPEAT_MS) return false;
    if (saidMs === undefined && this.#saidMs.size >= KEYS_MAX) this.#saidMs.clear();
    this.#saidMs.set(key, nowMs);
    return true;
  }
}
