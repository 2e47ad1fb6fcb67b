/** Facts that hold or else the program has a bug. Always on; never used on what a peer, a disk or a client sent. */

/** Thrown when an invariant does not hold: the process should log it and exit. */
export class InvariantViolation extends Error {
  override readonly name: string = 'InvariantViolation';
  readonly data: unknown;

  constructor(fact: string, data: unknown) {
    const shown = JSON.stringify(data, (_key, value: unknown) =>
      typeof value === 'bigint' ? value.toString(16) : value,
    );
    super(`violated: ${fact} ${shown}`);
    this.data = data;
  }
}

/** Asserts one fact. `data` is evaluated even when the fact holds: on a hot path, test first and call on failure. */
export function invariant(
  condition: boolean,
  fact: string,
  data: Readonly<Record<string, unknown>> = {},
): asserts condition {
  if (!condition) throw new InvariantViolation(fact, data);
}

/** Closes an exhaustive `switch`. */
export function assertNever(value: never): never {
  throw new InvariantViolation('every case is handled', { value });
}
