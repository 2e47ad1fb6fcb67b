/** A fact that holds unless there is a bug here. Never for what a test, a client or a disk gave. */

export class InvariantError extends Error {
  override readonly name: string = 'InvariantError';
}

/** Throws when the fact does not hold. `fact` is a plain sentence; `data` is what a reader of the failure needs. */
export function invariant(
  holds: boolean,
  fact: string,
  data: Readonly<Record<string, number | string>> = {},
): asserts holds {
  if (!holds) throw new InvariantError(`invariant broken: ${fact} (${JSON.stringify(data)})`);
}
