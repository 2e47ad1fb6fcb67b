/** Configuration changes as scenarios write them: `v1` makes 1 a voter, `l2` a learner; `r3` removes, `u4` updates. */
import type { ConfChangeSingle, ConfChangeType } from '../conf-change.js';
import { toNodeId } from '../types.js';

const types: ReadonlyMap<string, ConfChangeType> = new Map([
  ['v', 'addNode'],
  ['l', 'addLearnerNode'],
  ['r', 'removeNode'],
  ['u', 'updateNode'],
]);

export function parseChanges(text: string): ConfChangeSingle[] {
  const words = text.split(/\s+/).filter((word) => word !== '');
  return words.map((word) => {
    const type = types.get(word.slice(0, 1));
    if (type === undefined || word.length < 2) throw new Error(`unknown input: ${word}`);
    return { type, nodeId: toNodeId(BigInt(word.slice(1))) };
  });
}
