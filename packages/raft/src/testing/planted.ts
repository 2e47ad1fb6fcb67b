/** Mistakes that are made on purpose, for simulators to show that they find them. */
import { Core } from '../core.js';

/** From now on leaders answer reads before they have committed in their term (history row H-C3). Returns how to undo that. */
export function skipCommitInTermCheck(): () => void {
  const original = Object.getOwnPropertyDescriptor(Core.prototype, 'hasCommittedInTerm');
  Core.prototype.hasCommittedInTerm = () => true;
  return () => {
    if (original !== undefined) {
      Object.defineProperty(Core.prototype, 'hasCommittedInTerm', original);
    }
  };
}
