/** Linearizable reads without the log (thesis §6.4): at which index may a read be served? */
import type { Core } from './core.js';
import { broadcastHeartbeat } from './heartbeat.js';
import type { MsgHeartbeatResp } from './message.js';
import type { PendingRead, ReadRequest } from './read-queue.js';
import { NONE, NO_TERM } from './types.js';

/** A request of our application, or of a follower's. Dropped when no leader is known: whoever asked asks again. */
export function handleReadIndex(core: Core, request: ReadRequest): void {
  if (core.role === 'leader') {
    if (handleAsLeader(core, request)) broadcastHeartbeat(core);
  } else if (core.role === 'follower' && core.leader !== NONE) {
    const { from, context } = request;
    core.send({ type: 'MsgReadIndex', from, to: core.leader, term: NO_TERM, context });
  } else {
    core.observe({ type: 'readIndexDropped', at: core.id, term: core.term });
  }
}

/** Returns whether the request waits for a heartbeat to be answered, which the caller sends. */
function handleAsLeader(core: Core, request: ReadRequest): boolean {
  if (core.reads.full) {
    core.observe({ type: 'readIndexDropped', at: core.id, term: core.term });
    return false;
  }
  // R6: before it has committed an entry of its term, a leader does not know what is committed. That holds for a
  // single voter as well: the commit index that it came back with may lag behind what it acknowledged.
  if (!core.hasCommittedInTerm()) {
    core.reads.postpone(request);
    return false;
  }
  const { committed } = core.log;
  if (core.tracker.isOnlyVoter(core.id) || core.config.readIndexMode === 'leaseBased') {
    answer(core, { ...request, index: committed });
    return false;
  }
  core.reads.add(request, committed);
  core.reads.confirmSelf(core.id);
  return true;
}

/** The leader has committed something; if it is of its term, the reads that waited for it go on, all by one heartbeat. */
export function readsAfterCommit(core: Core): void {
  let waits = false;
  for (const request of core.reads.takePostponed()) {
    if (handleAsLeader(core, request)) waits = true;
  }
  if (waits) broadcastHeartbeat(core);
}

/** A member confirmed that we led when it answered. */
export function confirmReads(core: Core, message: MsgHeartbeatResp): void {
  if (!core.reads.hasPending || message.context.length === 0) return;
  core.reads.confirm(message.from, message.context);
  for (const read of core.reads.takeConfirmed(core.tracker.config)) answer(core, read);
}

function answer(core: Core, read: PendingRead): void {
  const { from, index, context } = read;
  if (from === core.id) {
    core.readStates.push({ index, context });
    return;
  }
  core.send({ type: 'MsgReadIndexResp', from: core.id, to: from, term: core.term, index, context });
}
