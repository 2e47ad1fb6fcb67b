/** Asserts a fact that only a bug can make false. Never used on what a server or a caller sent. */

/** Throws when `condition` is false. `fact` says in words what should hold; `data` helps to find out why it did not. */
export function invariant(
  condition: boolean,
  fact: string,
  data: Readonly<Record<string, unknown>> = {},
): asserts condition {
  if (condition) return;
  const detail = Object.entries(data).map(([name, value]) => `${name}=${String(value)}`);
  throw new Error(`invariant broken: ${fact}${detail.length > 0 ? ` (${detail.join(', ')})` : ''}`);
}
