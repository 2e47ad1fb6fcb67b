/** Configuration changes as they are proposed: one change (v1), or any number of them (v2) by joint consensus. */
import type { NodeId } from './types.js';

export type ConfChangeType = 'addNode' | 'removeNode' | 'updateNode' | 'addLearnerNode';

/** One step of a change. A `nodeId` of 0n is a change that the application refused at apply: it changes nothing. */
export interface ConfChangeSingle {
  readonly type: ConfChangeType;
  readonly nodeId: NodeId;
}

/** raftpb.ConfChange: what etcd proposes. The entry's type is `confChange`. */
export interface ConfChange extends ConfChangeSingle {
  /** Chosen by the application to recognise its proposal; all 64 bits. Raft does not look at it. */
  readonly id: bigint;
  /** Opaque to Raft. */
  readonly context: Uint8Array;
}

/**
 * - `auto`: the simple protocol for at most one change, otherwise as `jointImplicit`.
 * - `jointImplicit`: enter a joint configuration, and leave it without being asked once it is applied.
 * - `jointExplicit`: enter a joint configuration and stay until the application proposes {@link LEAVE_JOINT}.
 */
export type ConfChangeTransition = 'auto' | 'jointImplicit' | 'jointExplicit';

/** raftpb.ConfChangeV2. The entry's type is `confChangeV2`. */
export interface ConfChangeV2 {
  readonly transition: ConfChangeTransition;
  readonly changes: readonly ConfChangeSingle[];
  /** Opaque to Raft. */
  readonly context: Uint8Array;
}

/** The change that leaves a joint configuration. */
export const LEAVE_JOINT: ConfChangeV2 = Object.freeze({
  transition: 'auto',
  changes: [],
  context: new Uint8Array(0),
});

/** The same change in the newer form. */
export function toConfChangeV2(change: ConfChange | ConfChangeV2): ConfChangeV2 {
  if ('changes' in change) return change;
  return {
    transition: 'auto',
    changes: [{ type: change.type, nodeId: change.nodeId }],
    context: change.context,
  };
}

/** Whether the change leaves a joint configuration: it is empty but for its context. */
export function leavesJoint(change: ConfChangeV2): boolean {
  return change.transition === 'auto' && change.changes.length === 0;
}

/** Whether the change needs a joint configuration, because it was asked for or because it is more than one change. */
export function entersJoint(change: ConfChangeV2): boolean {
  return change.transition !== 'auto' || change.changes.length > 1;
}
