/** Elections: who may start one, who gets a vote, who wins (Raft §5.2, §5.4.1; thesis §9.6 for the pre-vote). */
import type { Core } from './core.js';
import type { MsgVote, MsgVoteResp } from './message.js';
import { allVoters } from './quorum/joint.js';
import { broadcastAppend } from './replication.js';
import { becomeCandidate, becomeFollower, becomeLeader, becomePreCandidate } from './roles.js';
import { NONE, toIndex, toTerm, type EntryId, type Term } from './types.js';

/**
 * - `preElection`: ask first whether an election could be won.
 * - `election`: the real one.
 * - `transfer`: the real one, at the leader's own wish; voters do not protect the leader from it.
 */
export type CampaignType = 'preElection' | 'election' | 'transfer';

/** Starts an election, unless this member leads, cannot lead, or has a configuration change to apply first. */
export function startElection(core: Core, type: CampaignType): void {
  const skip = (reason: 'leading' | 'unpromotable' | 'pendingConfChange'): void => {
    core.observe({ type: 'electionSkipped', at: core.id, term: core.term, reason });
  };
  if (core.role === 'leader') {
    skip('leading');
  } else if (!core.promotable) {
    skip('unpromotable');
  } else if (hasUnappliedConfChange(core)) {
    // It would elect by a configuration that is known to be outdated.
    skip('pendingConfChange');
  } else {
    core.observe({ type: 'electionStarted', at: core.id, term: core.term });
    campaign(core, type);
  }
}

/** Looks through what is committed and not applied, in pages. */
function hasUnappliedConfChange(core: Core): boolean {
  const { log, config } = core;
  const end = toIndex(log.committed + 1);
  for (let from = toIndex(log.applied + 1); from < end;) {
    const page = log.slice(from, end, config.applyingBytesMax);
    if (page.some((entry) => entry.type !== 'normal')) return true;
    from = toIndex(from + page.length);
  }
  return false;
}

function campaign(core: Core, type: CampaignType): void {
  const pre = type === 'preElection';
  if (pre) becomePreCandidate(core);
  else becomeCandidate(core);
  // A pre-vote is for the term that the candidate would begin.
  const term = pre ? toTerm(core.term + 1) : core.term;
  const last = core.log.lastId();
  for (const voter of allVoters(core.tracker.config)) {
    if (voter === core.id) voteForSelf(core, pre, term);
    else requestVote(core, { voter, pre, term, last, transfer: type === 'transfer' });
  }
}

/** Our own vote counts when it is durable, like any other. */
function voteForSelf(core: Core, pre: boolean, term: Term): void {
  const type = pre ? 'MsgPreVoteResp' : 'MsgVoteResp';
  core.send({ type, from: core.id, to: core.id, term, reject: false });
}

function requestVote(
  core: Core,
  request: {
    readonly voter: MsgVote['to'];
    readonly pre: boolean;
    readonly term: Term;
    readonly last: EntryId;
    readonly transfer: boolean;
  },
): void {
  const { voter, term, last, transfer } = request;
  const type = request.pre ? 'MsgPreVote' : 'MsgVote';
  core.observe({ type: 'voteRequested', at: core.id, term: core.term, request: type, voter, last });
  const { index, term: logTerm } = last;
  core.send({ type, from: core.id, to: voter, term, index, logTerm, transfer });
}

/**
 * Whether a request of a later term is to be ignored, term and all: a leader was heard of within the election timeout,
 * so whoever asks was merely cut off (thesis §4.2.3). The leader's own wish is not ignored.
 */
export function isProtectedFrom(core: Core, request: MsgVote): boolean {
  const leaseTicks = core.config.electionTicks - core.electionElapsed;
  if (request.transfer || !core.config.checkQuorum) return false;
  if (core.leader === NONE || leaseTicks <= 0) return false;
  core.observe({ type: 'voteIgnored', ...voteSubject(core, request), leaseTicks });
  return true;
}

/**
 * Grants the vote to the first who asks with a log at least as good as ours. A learner votes too: it may have been
 * promoted without knowing it yet, and then its vote can be needed to elect the leader that will tell it.
 */
export function handleVoteRequest(core: Core, request: MsgVote): void {
  const pre = request.type === 'MsgPreVote';
  const free =
    core.vote === request.from ||
    (core.vote === NONE && core.leader === NONE) ||
    (pre && request.term > core.term);
  const candidateLast = { term: request.logTerm, index: request.index };
  if (!free || !core.log.isUpToDate(candidateLast)) {
    core.observe({ type: 'voteRejected', ...voteSubject(core, request) });
    respond(core, request, core.term, true);
    return;
  }
  core.observe({ type: 'voteGranted', ...voteSubject(core, request) });
  // With the request's term: our own may be an earlier one if it is a pre-vote, and would be ignored as outdated.
  respond(core, request, request.term, false);
  if (pre) return;
  core.electionElapsed = 0;
  core.recordVote(request.from);
}

/**
 * Refuses a pre-vote of an earlier term, so that the candidate learns of ours. To ignore it could leave a member with a
 * later term and a shorter log, from before pre-votes were switched on, unable to elect or be elected.
 */
export function refuseEarlierPreVote(core: Core, request: MsgVote): void {
  core.observe({ type: 'voteRejected', ...voteSubject(core, request) });
  respond(core, request, core.term, true);
}

function respond(core: Core, request: MsgVote, term: Term, reject: boolean): void {
  const type = request.type === 'MsgPreVote' ? 'MsgPreVoteResp' : 'MsgVoteResp';
  core.send({ type, from: core.id, to: request.from, term, reject });
}

function voteSubject(core: Core, request: MsgVote) {
  return {
    at: core.id,
    term: core.term,
    vote: core.vote,
    last: core.log.lastId(),
    request: request.type,
    candidate: request.from,
    candidateLast: { term: request.logTerm, index: request.index },
  } as const;
}

/** Counts a vote in the election of the kind that is under way; answers to the other kind are outdated. */
export function handleVoteResponse(core: Core, response: MsgVoteResp): void {
  const awaited = core.role === 'preCandidate' ? 'MsgPreVoteResp' : 'MsgVoteResp';
  if (response.type !== awaited) return;
  const { id: at, term } = core;
  const granted = !response.reject;
  core.observe({
    type: 'voteReceived',
    at,
    term,
    response: awaited,
    voter: response.from,
    granted,
  });
  core.tracker.recordVote(response.from, granted);
  const tally = core.tracker.tally();
  const { granted: yes, rejected: no } = tally;
  core.observe({ type: 'votesCounted', at, response: awaited, granted: yes, rejected: no });
  switch (tally.result) {
    case 'pending':
      return;
    case 'lost':
      // The answer to a pre-vote has a term that we never entered: stay in ours.
      becomeFollower(core, core.term, NONE);
      return;
    case 'won':
      win(core);
      return;
  }
}

function win(core: Core): void {
  if (core.role === 'preCandidate') {
    campaign(core, 'election');
  } else {
    becomeLeader(core);
    broadcastAppend(core);
  }
}
