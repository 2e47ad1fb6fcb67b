/** One message in: first the terms are compared (Raft §5.1), then it goes to the protocol that it belongs to. */
import type { Core } from './core.js';
import {
  handleVoteRequest,
  handleVoteResponse,
  isProtectedFrom,
  refuseEarlierPreVote,
  startElection,
} from './election.js';
import { handleAppend, handleHeartbeat, handleSnapshot } from './follower.js';
import { assertNever } from './invariant.js';
import type { Message, MsgApp, MsgHeartbeat, MsgSnap, MsgTimeoutNow } from './message.js';
import { propose } from './proposal.js';
import { handleReadIndex } from './read-index.js';
import { handleAppendResponse, handleHeartbeatResponse } from './responses.js';
import { becomeFollower } from './roles.js';
import { handleTransfer } from './transfer.js';
import { NONE, toIndex, toTerm } from './types.js';

/** Handles a message that `checkMessage` let pass. */
export function step(core: Core, message: Message): void {
  if (message.term > core.term) {
    if (!enterLaterTerm(core, message)) return;
  } else if (message.term < core.term && message.term !== 0) {
    handleEarlierTerm(core, message);
    return;
  }
  dispatch(core, message);
}

/** Returns whether the message is to be handled. */
function enterLaterTerm(core: Core, message: Message): boolean {
  switch (message.type) {
    case 'MsgPreVote':
      // It asks about a term that has not begun.
      return !isProtectedFrom(core, message);
    case 'MsgVote':
      if (isProtectedFrom(core, message)) return false;
      break;
    case 'MsgPreVoteResp':
      // Granted: the term is the one we asked about. Refused: it is that of the member which refused.
      if (!message.reject) return true;
      break;
    default:
      break;
  }
  core.observe({
    type: 'higherTermReceived',
    at: core.id,
    term: core.term,
    message: message.type,
    from: message.from,
    messageTerm: message.term,
  });
  becomeFollower(core, message.term, isFromLeader(message) ? message.from : NONE);
  return true;
}

function isFromLeader(message: Message): message is MsgApp | MsgHeartbeat | MsgSnap {
  return message.type === 'MsgApp' || message.type === 'MsgHeartbeat' || message.type === 'MsgSnap';
}

/**
 * Outdated. Mostly ignored; but a leader of an earlier term is told of ours where members that were cut off cannot
 * depose it by asking for votes, because votes are protected (check quorum) or asked for in advance (pre-vote).
 * Otherwise such a member could neither follow nor be followed.
 */
function handleEarlierTerm(core: Core, message: Message): void {
  const { checkQuorum, preVote } = core.config;
  if ((checkQuorum || preVote) && (message.type === 'MsgHeartbeat' || message.type === 'MsgApp')) {
    core.send({
      type: 'MsgAppResp',
      from: core.id,
      to: message.from,
      term: core.term,
      index: toIndex(0),
      reject: false,
      rejectHint: toIndex(0),
      logTerm: toTerm(0),
    });
  } else if (message.type === 'MsgPreVote') {
    refuseEarlierPreVote(core, message);
  } else {
    core.observe({
      type: 'lowerTermIgnored',
      at: core.id,
      term: core.term,
      message: message.type,
      from: message.from,
      messageTerm: message.term,
    });
  }
}

function dispatch(core: Core, message: Message): void {
  switch (message.type) {
    case 'MsgVote':
    case 'MsgPreVote':
      handleVoteRequest(core, message);
      return;
    case 'MsgVoteResp':
    case 'MsgPreVoteResp':
      if (core.role === 'preCandidate' || core.role === 'candidate') {
        handleVoteResponse(core, message);
      }
      return;
    case 'MsgApp':
      if (follow(core, message)) handleAppend(core, message);
      return;
    case 'MsgHeartbeat':
      if (follow(core, message)) handleHeartbeat(core, message);
      return;
    case 'MsgSnap':
      if (follow(core, message)) handleSnapshot(core, message);
      return;
    case 'MsgAppResp':
    case 'MsgHeartbeatResp':
      handleAnswer(core, message);
      return;
    case 'MsgTimeoutNow':
      handleTimeoutNow(core, message);
      return;
    case 'MsgTransferLeader':
      handleTransfer(core, message.from);
      return;
    case 'MsgProp':
      propose(core, message.from, message.entries);
      return;
    case 'MsgReadIndex':
      handleReadIndex(core, message);
      return;
    case 'MsgReadIndexResp':
      if (core.role === 'follower') {
        core.readStates.push({ index: message.index, context: message.context });
      }
      return;
    default:
      assertNever(message);
  }
}

/** A leader of our term speaks: follow it. Returns false for a leader, of which a term has only one. */
function follow(core: Core, message: MsgApp | MsgHeartbeat | MsgSnap): boolean {
  switch (core.role) {
    case 'leader':
      return false;
    case 'preCandidate':
    case 'candidate':
      becomeFollower(core, message.term, message.from);
      return true;
    case 'follower':
      core.electionElapsed = 0;
      core.leader = message.from;
      return true;
  }
}

function handleAnswer(
  core: Core,
  message: Extract<Message, { type: 'MsgAppResp' | 'MsgHeartbeatResp' }>,
): void {
  if (core.role !== 'leader') return;
  const progress = core.tracker.get(message.from);
  if (progress === undefined) {
    core.observe({ type: 'noProgress', at: core.id, from: message.from });
  } else if (message.type === 'MsgAppResp') {
    handleAppendResponse(core, progress, message);
  } else {
    handleHeartbeatResponse(core, progress, message);
  }
}

/** The leader wants us to take over. No pre-vote: we know that we were not cut off. */
function handleTimeoutNow(core: Core, message: MsgTimeoutNow): void {
  const campaigns = core.role === 'follower';
  const { id: at, term } = core;
  if (core.role === 'leader') return;
  core.observe({ type: 'timeoutNowReceived', at, term, from: message.from, campaigns });
  if (campaigns) startElection(core, 'transfer');
}
