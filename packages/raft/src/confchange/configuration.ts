/**
 * Who belongs to the group, and as what.
 *
 * Holds always (R9): learners and voters do not intersect; whoever is staged to become a learner is an outgoing voter
 * and no incoming one; and a configuration that is not joint has nobody staged and nothing to leave by itself.
 */
import { allVoters, ascending, isVoter, type JointVoters } from '../quorum/joint.js';
import type { ConfState, NodeId } from '../types.js';

export interface Configuration extends JointVoters {
  readonly learners: ReadonlySet<NodeId>;
  /** Outgoing voters who become learners when the joint configuration is left: until then they vote. */
  readonly learnersNext: ReadonlySet<NodeId>;
  /** Whether the leader leaves the joint configuration by itself. */
  readonly autoLeave: boolean;
}

export const EMPTY_CONFIGURATION: Configuration = {
  incoming: new Set(),
  outgoing: new Set(),
  learners: new Set(),
  learnersNext: new Set(),
  autoLeave: false,
};

export function isJoint(config: Configuration): boolean {
  return config.outgoing.size > 0;
}

/** Voters and learners, ascending. */
export function allMembers(config: Configuration): NodeId[] {
  return ascending(new Set([...allVoters(config), ...config.learners]));
}

export function toConfState(config: Configuration): ConfState {
  return {
    voters: ascending(config.incoming),
    votersOutgoing: ascending(config.outgoing),
    learners: ascending(config.learners),
    learnersNext: ascending(config.learnersNext),
    autoLeave: config.autoLeave,
  };
}

/** The configuration that a ConfState describes, or what is wrong with it. It comes from a disk or from a peer. */
export function fromConfState(state: ConfState): Configuration | string {
  const config: Configuration = {
    incoming: new Set(state.voters),
    outgoing: new Set(state.votersOutgoing),
    learners: new Set(state.learners),
    learnersNext: new Set(state.learnersNext),
    autoLeave: state.autoLeave,
  };
  return findFlaw(config) ?? config;
}

/** The first violation of R9 in words, or undefined. */
export function findFlaw(config: Configuration): string | undefined {
  for (const id of config.learners) {
    if (isVoter(config, id)) return `${id.toString(16)} is both a learner and a voter`;
  }
  for (const id of config.learnersNext) {
    if (!config.outgoing.has(id) || config.incoming.has(id)) {
      return `${id.toString(16)} is to become a learner but is no leaving voter`;
    }
  }
  if (!isJoint(config) && config.autoLeave) return 'there is no joint configuration to leave';
  if (config.incoming.size === 0 && (isJoint(config) || config.learners.size > 0)) {
    return 'there are members but no voters';
  }
  for (const set of [config.incoming, config.outgoing, config.learners]) {
    for (const id of set) if (id === 0n) return '0 is not a member';
  }
  return undefined;
}
