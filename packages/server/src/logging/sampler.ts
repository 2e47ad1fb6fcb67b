/** Keeps a storm of equal lines from filling the disk: per second, the first 100 of a message, then every 100th (zap's rule). */
import type { LogLevel } from '../logger.js';

const SECOND_MS = 1000;
const FIRST = 100;
const THEREAFTER = 100;
/** Messages are constants of the source, so this is never reached unless one is not. */
const MESSAGES_MAX = 4096;

interface Count {
  windowEndsMs: number;
  lines: number;
}

export class LogSampler {
  readonly #counts = new Map<string, Count>();

  /** Whether the next line of this message is written. */
  admits(level: LogLevel, message: string, nowMs: number): boolean {
    const key = `${level} ${message}`;
    let count = this.#counts.get(key);
    if (count === undefined) {
      if (this.#counts.size >= MESSAGES_MAX) this.#counts.clear();
      count = { windowEndsMs: nowMs + SECOND_MS, lines: 0 };
      this.#counts.set(key, count);
    } else if (nowMs >= count.windowEndsMs) {
      count.windowEndsMs = nowMs + SECOND_MS;
      count.lines = 0;
    }
    count.lines += 1;
    return count.lines <= FIRST || (count.lines - FIRST) % THEREAFTER === 0;
  }
}
