/** Handing leadership over (thesis §3.10): bring the target up to date, then let it start an election at once. */
import type { Core } from './core.js';
import type { TransferStep } from './events.js';
import { sendAppend } from './replication.js';
import { NONE, type NodeId } from './types.js';

/** A request to make `to` the leader. A follower passes it on; a candidate has nobody to pass it to. */
export function handleTransfer(core: Core, to: NodeId): void {
  switch (core.role) {
    case 'leader':
      startTransfer(core, to);
      return;
    case 'follower':
      if (core.leader === NONE) tell(core, to, 'noLeader');
      else core.send({ type: 'MsgTransferLeader', from: to, to: core.leader, term: core.term });
      return;
    case 'preCandidate':
    case 'candidate':
      return;
  }
}

/** Proposals are dropped from now on, until the target takes over or an election timeout has passed. */
function startTransfer(core: Core, to: NodeId): void {
  const progress = core.tracker.get(to);
  if (progress === undefined) {
    core.observe({ type: 'noProgress', at: core.id, from: to });
    return;
  }
  if (progress.learner) {
    tell(core, to, 'toLearner');
    return;
  }
  if (core.transferee === to) {
    tell(core, to, 'alreadyUnderWay');
    return;
  }
  if (core.transferee !== NONE) {
    tell(core, core.transferee, 'replaced');
    core.transferee = NONE;
  }
  if (to === core.id) {
    tell(core, to, 'toSelf');
    return;
  }
  tell(core, to, 'started');
  core.electionElapsed = 0;
  core.transferee = to;
  if (progress.match === core.log.lastIndex()) timeoutNow(core, to, 'timeoutNowSent');
  else sendAppend(core, to);
}

/** The target has everything: it may begin. */
export function timeoutNow(
  core: Core,
  to: NodeId,
  step: 'timeoutNowSent' | 'timeoutNowSentLater',
): void {
  core.send({ type: 'MsgTimeoutNow', from: core.id, to, term: core.term });
  tell(core, to, step);
}

function tell(core: Core, to: NodeId, step: TransferStep): void {
  core.observe({ type: 'transfer', at: core.id, term: core.term, to, step });
}
