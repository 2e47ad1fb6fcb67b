/** Changes of the group's membership (Raft §6, thesis §4), which take effect when they are applied. */
import type { ConfChange, ConfChangeV2 } from './conf-change.js';
import { toConfChangeV2 } from './conf-change.js';
import { applyChange } from './confchange/changer.js';
import { isJoint, toConfState, type Configuration } from './confchange/configuration.js';
import type { Core } from './core.js';
import type { ConfChangeRefusal } from './events.js';
import { RaftError } from './errors.js';
import { isVoter } from './quorum/joint.js';
import { readsAfterCommit } from './read-index.js';
import { advanceCommit, broadcastAppend, trySendAppend } from './replication.js';
import { becomeFollower } from './roles.js';
import { NONE, type ConfState } from './types.js';

/** Applies a committed change. Throws `RaftError('invalidConfChange')` when it does not fit the configuration. */
export function applyConfChange(core: Core, change: ConfChange | ConfChangeV2): ConfState {
  const result = applyChange(core.tracker.config, toConfChangeV2(change));
  if (typeof result === 'string') {
    throw new RaftError(
      'invalidConfChange',
      `the change does not fit the configuration: ${result}`,
    );
  }
  switchConfiguration(core, result);
  return toConfState(result);
}

/** Makes a configuration the active one, and draws the conclusions. */
export function switchConfiguration(core: Core, config: Configuration): void {
  core.tracker.switchTo(config, core.log.lastIndex());
  core.observe({ type: 'configurationSwitched', at: core.id, config: toConfState(config) });
  if (core.role !== 'leader') return;

  const self = core.tracker.get(core.id);
  if (self === undefined || self.learner) {
    // Removed or demoted. A leader may go on leading a group that it is not part of (thesis §4.2.2), until it stops.
    if (core.config.stepDownOnRemoval) becomeFollower(core, core.term, NONE);
    return;
  }
  if (config.incoming.size > 0) replicateToNewQuorum(core);
  if (core.transferee !== NONE && !isVoter(config, core.transferee)) core.transferee = NONE;
}

/** Fewer voters may have committed more; new members need not wait for the next heartbeat. */
function replicateToNewQuorum(core: Core): void {
  if (advanceCommit(core)) {
    readsAfterCommit(core);
    broadcastAppend(core);
    return;
  }
  for (const id of core.tracker.members.keys()) if (id !== core.id) trySendAppend(core, id, false);
}

/** Why a leader does not accept a change: another may be unapplied (R7), or it does not fit the configuration. */
export function findRefusal(core: Core, change: ConfChangeV2): ConfChangeRefusal | undefined {
  const { config } = core.tracker;
  const wantsToLeave = change.changes.length === 0;
  if (core.pendingConfIndex > core.log.applied) return 'pending';
  if (isJoint(config) && !wantsToLeave) return 'joint';
  if (!isJoint(config) && wantsToLeave) return 'notJoint';
  // Nothing is pending, so this is the configuration that the change would be applied to, on every member.
  return typeof applyChange(config, change) === 'string' ? 'unfit' : undefined;
}
