/** Facts that only a bug of ours can break: never about what a peer, a disk or a client sent. Always on. */
export function invariant(
  condition: boolean,
  fact: string,
  data?: Readonly<Record<string, unknown>>,
): asserts condition {
  if (condition) return;
  const shown = Object.entries(data ?? {}).map(([name, value]) => `${name}=${String(value)}`);
  throw new Error(`invariant broken: ${fact}${shown.length > 0 ? ` (${shown.join(', ')})` : ''}`);
}
