/** The transitions between roles (Raft figure 4). Nothing else writes `Core.role`. */
import type { Core } from './core.js';
import { invariant } from './invariant.js';
import { appendEntries } from './replication.js';
import { NONE, NO_DATA, toIndex, toTerm, type NodeId, type Term } from './types.js';

/** Follows `leader` (0n while it is unknown) in `term`. */
export function becomeFollower(core: Core, term: Term, leader: NodeId): void {
  reset(core, term);
  core.leader = leader;
  core.role = 'follower';
  core.observe({ type: 'becameFollower', at: core.id, term: core.term });
}

/** Asks whether an election could be won; changes neither term nor vote (thesis §9.6). */
export function becomePreCandidate(core: Core): void {
  invariant(core.role !== 'leader', 'a leader does not campaign');
  core.tracker.resetVotes();
  core.leader = NONE;
  core.role = 'preCandidate';
  core.observe({ type: 'becamePreCandidate', at: core.id, term: core.term });
}

/** Begins a term and votes for itself. */
export function becomeCandidate(core: Core): void {
  invariant(core.role !== 'leader', 'a leader does not campaign');
  reset(core, toTerm(core.term + 1));
  core.recordVote(core.id);
  core.role = 'candidate';
  core.observe({ type: 'becameCandidate', at: core.id, term: core.term });
}

/** Leads, and appends an empty entry: only by committing it does the leader learn what is committed (Raft §8). */
export function becomeLeader(core: Core): void {
  invariant(core.role === 'candidate', 'only a candidate becomes the leader', { role: core.role });
  reset(core, core.term);
  core.leader = core.id;
  core.role = 'leader';
  core.tracker.get(core.id)?.startAsLeader();
  // There may be a configuration change in what is not applied yet. To find out would mean to read it all; to wait
  // until it is applied costs little.
  core.pendingConfIndex = core.log.lastIndex();
  const appended = appendEntries(core, [{ type: 'normal', data: NO_DATA }]);
  invariant(appended !== undefined, 'an empty entry is never refused for its size');
  core.observe({ type: 'becameLeader', at: core.id, term: core.term });
}

/** What every role but that of a pre-candidate begins with. */
function reset(core: Core, term: Term): void {
  core.enterTerm(term);
  core.leader = NONE;
  core.electionElapsed = 0;
  core.heartbeatElapsed = 0;
  core.forgetElectionTimeout();
  core.transferee = NONE;
  core.tracker.reset(core.id, core.log.lastIndex());
  core.pendingConfIndex = toIndex(0);
  core.uncommittedBytes = 0;
  core.reads.clear();
}
