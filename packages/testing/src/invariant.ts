/** A fact that holds unless there is a bug here. Never for what a client, a peer or a disk sent. */

export class InvariantError extends Error {
  override readonly name: string = 'InvariantError';
}

/** Throws when the fact does not hold. `fact` is a plain sentence; `data` is what a reader of the log needs. */
export function invariant(
  holds: boolean,
  fact: string,
  data?: Readonly<Record<string, unknown>>,
): asserts holds {
  if (holds) return;
  const shown = data === undefined ? '' : ` (${describe(data)})`;
  throw new InvariantError(`invariant broken: ${fact}${shown}`);
}

/** The end of an exhaustive switch: does not compile while a case is missing. */
export function assertNever(value: never, fact: string): never {
  throw new InvariantError(`invariant broken: ${fact} (${String(value)})`);
}

function describe(data: Readonly<Record<string, unknown>>): string {
  return Object.entries(data)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(', ');
}

/** A place that is reached only by a bug. */
export function unreachable(fact: string, data?: Readonly<Record<string, unknown>>): never {
  invariant(false, fact, data);
}
