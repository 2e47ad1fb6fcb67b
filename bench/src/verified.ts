/** Load counts only when it had its effect: the revision rose by exactly the writes that were acknowledged. */
import type { Side } from './side.js';

/** Runs writes and compares the revision before and after with what they say they wrote. */
export async function withRevisionCheck<T>(
  side: Pick<Side, 'name' | 'revision'>,
  run: () => Promise<T>,
  writesOf: (result: T) => number,
): Promise<T> {
  const before = await side.revision();
  const result = await run();
  const risen = (await side.revision()) - before;
  const writes = writesOf(result);
  if (risen !== writes) {
    throw new Error(
      `${side.name}: ${String(writes)} writes were acknowledged, the revision rose by ${String(risen)}`,
    );
  }
  return result;
}
