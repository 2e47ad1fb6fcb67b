/**
 * Shortens the first wait for a leader (semantics.md §19): once other members are reached and none of them has said that it
 * leads, most of the election timeout is skipped. Once per start.
 */

/** After this a member waits as long as any other. */
const WITHIN_MS = 5000;
/** Of other members: one may be the one that is down, and a vote of its own is not worth a campaign that must fail. */
const CONNECTED_MIN = 2;

export interface HeadStartParts {
  readonly enabled: boolean;
  readonly startedMs: number;
  /** Other members that are reached. */
  readonly connectedCount: () => number;
  readonly advance: () => void;
}

export class HeadStart {
  readonly #parts: HeadStartParts;
  #over: boolean;

  constructor(parts: HeadStartParts) {
    this.#parts = parts;
    this.#over = !parts.enabled;
  }

  tick(nowMs: number): void {
    if (this.#over) return;
    const { startedMs, connectedCount, advance } = this.#parts;
    this.#over = nowMs - startedMs > WITHIN_MS;
    if (this.#over || connectedCount() < CONNECTED_MIN) return;
    this.#over = true;
    advance();
  }
}
