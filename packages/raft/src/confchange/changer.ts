/** The algebra of membership: a configuration and a list of changes give a configuration, or a reason why not. */
import type { ConfChangeSingle, ConfChangeV2 } from '../conf-change.js';
import { entersJoint, leavesJoint } from '../conf-change.js';
import { assertNever, invariant } from '../invariant.js';
import type { NodeId } from '../types.js';
import { findFlaw, isJoint, type Configuration } from './configuration.js';

/** Why a change does not fit a configuration. */
export type ConfChangeProblem =
  | 'alreadyJoint'
  | 'noVotersToJoin'
  | 'notJoint'
  | 'simpleInJoint'
  | 'severalVoters'
  | 'allVotersRemoved';

/** A configuration under construction. */
interface Draft {
  readonly incoming: Set<NodeId>;
  readonly outgoing: ReadonlySet<NodeId>;
  readonly learners: Set<NodeId>;
  readonly learnersNext: Set<NodeId>;
}

/** Applies a change by the protocol that it asks for. */
export function applyChange(
  config: Configuration,
  change: ConfChangeV2,
): Configuration | ConfChangeProblem {
  if (leavesJoint(change)) return leaveJoint(config);
  if (entersJoint(change)) {
    return enterJoint(config, change.transition !== 'jointExplicit', change.changes);
  }
  return simple(config, change.changes);
}

/** Changes at most one voter, which needs no joint configuration because old and new majorities overlap (thesis §4.1). */
export function simple(
  config: Configuration,
  changes: readonly ConfChangeSingle[],
): Configuration | ConfChangeProblem {
  if (isJoint(config)) return 'simpleInJoint';
  const draft = makeDraft(config, config.outgoing);
  if (!makeChanges(draft, changes)) return 'allVotersRemoved';
  if (differences(config.incoming, draft.incoming) > 1) return 'severalVoters';
  return finish({ ...draft, autoLeave: false });
}

/**
 * Turns (1 2 3) into (1 2 3)&&(1 2 3) and changes the incoming half: C_old,new of Raft §6. While it lasts, decisions
 * need both majorities.
 */
export function enterJoint(
  config: Configuration,
  autoLeave: boolean,
  changes: readonly ConfChangeSingle[],
): Configuration | ConfChangeProblem {
  if (isJoint(config)) return 'alreadyJoint';
  if (config.incoming.size === 0) return 'noVotersToJoin';
  const draft = makeDraft(config, new Set(config.incoming));
  if (!makeChanges(draft, changes)) return 'allVotersRemoved';
  return finish({ ...draft, autoLeave });
}

/** Drops the outgoing half: C_new of Raft §6. Whoever was staged becomes a learner now. */
export function leaveJoint(config: Configuration): Configuration | ConfChangeProblem {
  if (!isJoint(config)) return 'notJoint';
  return finish({
    incoming: config.incoming,
    outgoing: new Set(),
    learners: new Set([...config.learners, ...config.learnersNext]),
    learnersNext: new Set(),
    autoLeave: false,
  });
}

function makeDraft(config: Configuration, outgoing: ReadonlySet<NodeId>): Draft {
  return {
    incoming: new Set(config.incoming),
    outgoing,
    learners: new Set(config.learners),
    learnersNext: new Set(config.learnersNext),
  };
}

function finish(config: Configuration): Configuration {
  const flaw = findFlaw(config);
  invariant(flaw === undefined, 'changes lead from one sound configuration to another', { flaw });
  return config;
}

/** Returns whether voters remain. */
function makeChanges(draft: Draft, changes: readonly ConfChangeSingle[]): boolean {
  for (const change of changes) {
    // The application clears the identifier of a change that it refused when it was to be applied.
    if (change.nodeId !== 0n) makeChange(draft, change);
  }
  return draft.incoming.size > 0;
}

function makeChange(draft: Draft, change: ConfChangeSingle): void {
  switch (change.type) {
    case 'addNode':
      makeVoter(draft, change.nodeId);
      return;
    case 'addLearnerNode':
      makeLearner(draft, change.nodeId);
      return;
    case 'removeNode':
      remove(draft, change.nodeId);
      return;
    case 'updateNode':
      return;
    default:
      assertNever(change.type);
  }
}

function makeVoter(draft: Draft, id: NodeId): void {
  draft.learners.delete(id);
  draft.learnersNext.delete(id);
  draft.incoming.add(id);
}

/** An outgoing voter cannot be a learner as well, so it is staged until the joint configuration is left. */
function makeLearner(draft: Draft, id: NodeId): void {
  if (draft.learners.has(id)) return;
  remove(draft, id);
  if (draft.outgoing.has(id)) draft.learnersNext.add(id);
  else draft.learners.add(id);
}

function remove(draft: Draft, id: NodeId): void {
  draft.incoming.delete(id);
  draft.learners.delete(id);
  draft.learnersNext.delete(id);
}

/** Size of the symmetric difference. */
function differences(a: ReadonlySet<NodeId>, b: ReadonlySet<NodeId>): number {
  let common = 0;
  for (const id of a) if (b.has(id)) common += 1;
  return a.size + b.size - 2 * common;
}
