/** The one assertion of this package: for facts that only a bug of ours can break, never for what a disk or client sent. */

/** Thrown by {@link invariant}. The process that sees it logs and exits; nobody recovers from it. */
export class InvariantError extends Error {
  override readonly name: string = 'InvariantError';
}

/** Asserts a fact, always. `data` is shown with the failure. */
export function invariant(
  condition: boolean,
  fact: string,
  data?: Readonly<Record<string, unknown>>,
): asserts condition {
  if (!condition) throw new InvariantError(data ? `${fact}: ${inspect(data)}` : fact);
}

function inspect(data: Readonly<Record<string, unknown>>): string {
  return Object.entries(data)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ');
}
