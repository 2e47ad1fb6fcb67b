/**
 * The changes of membership that the operator has asked for and that may yet happen: until the answer, or the log, says what became of
 * each. A change that Raft has dropped, or whose answer was lost, stays open until it can do nothing any more.
 */
import type { MemberId } from '../ids.js';
import { assertNever } from '../invariant.js';
import type { MembershipModel } from './checkers/membership-model.js';
import type { Fleet } from './fleet.js';
import type { Machine } from './machine.js';

export type OpenChange =
  | { readonly kind: 'add'; readonly machine: Machine }
  | { readonly kind: 'promote' | 'remove'; readonly id: MemberId }
  /** Whatever becomes of it does not matter for who has a majority. */
  | { readonly kind: 'harmless' };

export class OpenChanges {
  readonly #changes = new Set<OpenChange>();
  readonly #fleet: Fleet;
  readonly #model: MembershipModel;

  constructor(fleet: Fleet, model: MembershipModel) {
    this.#fleet = fleet;
    this.#model = model;
  }

  get isEmpty(): boolean {
    return this.#changes.size === 0;
  }

  begin(change: OpenChange): void {
    this.#changes.add(change);
  }

  end(change: OpenChange): void {
    this.#changes.delete(change);
  }

  clear(): void {
    this.#changes.clear();
  }

  /** The log has gone on: forgets those that can do nothing any more. */
  prune(): void {
    for (const change of this.#changes) if (!this.#canHappen(change)) this.#changes.delete(change);
  }

  /**
   * Whether more than half of the voters have their disks, in every configuration that what is open can lead to, if these are removed
   * or lost as well. Additions only help; the fewest voters are left when all removals happen.
   */
  isSafeWith(removals: readonly MemberId[], losses: readonly MemberId[]): boolean {
    const lost = new Set([...this.#fleet.lost.map(({ memberId }) => memberId), ...losses]);
    const open = [...this.#changes].flatMap((change) =>
      change.kind === 'remove' ? change.id : [],
    );
    const leaving = new Set([...open, ...removals].filter((id) => !lost.has(id)));
    const left = this.#model.voters.filter(({ id }) => !leaving.has(id));
    const dark = left.filter(({ id }) => lost.has(id));
    return left.length > 2 * dark.length;
  }

  #canHappen(change: OpenChange): boolean {
    switch (change.kind) {
      case 'add':
        return change.machine.standing === 'spare';
      case 'promote':
        return this.#model.find(change.id)?.isLearner === true;
      case 'remove':
        return this.#model.find(change.id) !== undefined;
      case 'harmless':
        return true;
      default:
        return assertNever(change, 'a change has a known kind');
    }
  }
}
