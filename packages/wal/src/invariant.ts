/** Facts that only a bug of ours can break. Never used on what a disk, a peer or a caller's file sent. */

/** Throws when `condition` is false. `fact` states what must hold; `data` helps whoever reads the report. */
export function invariant(
  condition: boolean,
  fact: string,
  data?: Readonly<Record<string, unknown>>,
): asserts condition {
  if (condition) return;
  const shown =
    data === undefined
      ? ''
      : ` ${JSON.stringify(data, (_, v: unknown) => (typeof v === 'bigint' ? v.toString(16) : v))}`;
  throw new Error(`invariant violated: ${fact}${shown}`);
}
