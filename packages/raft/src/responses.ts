/** What answers and reports mean to the leader: where the logs meet, who is there, how far things are committed. */
import type { Core } from './core.js';
import { invariant } from './invariant.js';
import type { MsgAppResp, MsgHeartbeatResp } from './message.js';
import { confirmReads, readsAfterCommit } from './read-index.js';
import { advanceCommit, broadcastAppend, sendAllEntries, sendAppend } from './replication.js';
import type { Progress } from './tracker/progress.js';
import { timeoutNow } from './transfer.js';
import type { NodeId } from './types.js';

/** An answer to an append: from a follower, or from our own disk. */
export function handleAppendResponse(core: Core, progress: Progress, message: MsgAppResp): void {
  progress.heard();
  if (message.reject) handleRejection(core, progress, message);
  else handleAcknowledgement(core, progress, message);
}

/**
 * The logs do not match at `index`. The hint says where they might. If that entry is of a later term than ours at the
 * same place, ours cannot match there, nor anywhere above our last entry of its term or before:
 *
 *   index      1 2 3 4 5 6 7 8 9
 *   leader     1 3 3 3 5 5 5 5 5      probed at 9, refused with hint 6 in term 2;
 *   follower   1 1 1 1 2 2            next probe: 1, where the leader's term is not above 2.
 *
 * So one probe per term is enough, on both sides (Raft §5.3, last paragraphs).
 */
function handleRejection(core: Core, progress: Progress, message: MsgAppResp): void {
  const { from, index } = message;
  const hint = { index: message.rejectHint, term: message.logTerm };
  core.observe({ type: 'rejectionReceived', at: core.id, from, index, hint });
  const guess = hint.term > 0 ? core.log.findConflictByTerm(hint.index, hint.term) : hint;
  if (!progress.rejected(index, guess.index)) return;
  core.observe({
    type: 'progressDecreased',
    at: core.id,
    peer: from,
    progress: progress.status(),
  });
  sendAppend(core, from);
}

function handleAcknowledgement(core: Core, progress: Progress, message: MsgAppResp): void {
  const { from, index } = message;
  if (!progress.acknowledged(index)) return;
  const firstIndex = core.log.firstIndex();
  if (progress.state === 'snapshot' && progress.catchesUpFrom(firstIndex)) {
    core.observe({ type: 'snapshotResumed', at: core.id, peer: from, progress: progress.status() });
  }
  progress.resume(index, firstIndex);

  if (advanceCommit(core)) {
    readsAfterCommit(core);
    broadcastAppend(core);
  } else if (from !== core.id && progress.canBumpCommit(core.log.committed)) {
    // The next heartbeat would tell as well, but later.
    sendAppend(core, from);
  }
  if (from !== core.id) sendAllEntries(core, from);
  if (from === core.transferee && progress.match === core.log.lastIndex()) {
    timeoutNow(core, from, 'timeoutNowSentLater');
  }
}

/** An answer to a heartbeat: sign of life, and leave to try again. */
export function handleHeartbeatResponse(
  core: Core,
  progress: Progress,
  message: MsgHeartbeatResp,
): void {
  progress.heartbeatAnswered();
  // Also a member that has everything is probed, if an append to it may have been lost.
  if (progress.match < core.log.lastIndex() || progress.state === 'probe') {
    sendAppend(core, message.from);
  }
  confirmReads(core, message);
}

/** The application could not send to the member. */
export function handleUnreachable(core: Core, peer: NodeId): void {
  const progress = core.role === 'leader' ? core.tracker.get(peer) : undefined;
  if (progress === undefined) return;
  progress.unreachable();
  core.observe({ type: 'unreachable', at: core.id, peer, progress: progress.status() });
}

/** The application sent a snapshot, or could not. */
export function handleSnapshotStatus(core: Core, peer: NodeId, arrived: boolean): void {
  const progress = core.role === 'leader' ? core.tracker.get(peer) : undefined;
  if (progress?.state !== 'snapshot') return;
  progress.snapshotReported(arrived);
  const type = arrived ? 'snapshotSucceeded' : 'snapshotFailed';
  core.observe({ type, at: core.id, peer, progress: progress.status() });
}

/** The quorum was not heard of for a whole period: somebody else may lead by now (thesis §6.2). */
export function quorumIsLost(core: Core): boolean {
  invariant(core.role === 'leader', 'only a leader checks its quorum');
  const lost = !core.tracker.quorumActive();
  if (lost) core.observe({ type: 'quorumLost', at: core.id, term: core.term });
  for (const [id, progress] of core.tracker.members) if (id !== core.id) progress.forgetActivity();
  return lost;
}
