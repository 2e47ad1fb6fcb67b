/** Time passes: elections when no leader is heard of, heartbeats and the check of the quorum when leading. */
import type { Core } from './core.js';
import { startElection } from './election.js';
import { broadcastHeartbeat } from './heartbeat.js';
import { quorumIsLost } from './responses.js';
import { becomeFollower } from './roles.js';
import { NONE } from './types.js';

export function tick(core: Core): void {
  if (core.role === 'leader') tickLeader(core);
  else tickOther(core);
}

function tickOther(core: Core): void {
  core.electionElapsed += 1;
  if (!core.promotable || core.electionElapsed < core.electionTimeout()) return;
  core.electionElapsed = 0;
  startElection(core, core.config.preVote ? 'preElection' : 'election');
}

function tickLeader(core: Core): void {
  core.heartbeatElapsed += 1;
  core.electionElapsed += 1;
  if (core.electionElapsed >= core.config.electionTicks) {
    core.electionElapsed = 0;
    if (core.config.checkQuorum && quorumIsLost(core)) {
      becomeFollower(core, core.term, NONE);
      return;
    }
    // A transfer that did not succeed within an election timeout is given up.
    core.transferee = NONE;
  }
  if (core.heartbeatElapsed < core.config.heartbeatTicks) return;
  core.heartbeatElapsed = 0;
  broadcastHeartbeat(core);
}
