/** The leader's sign of life (Raft §5.2), which also carries the commit index and the reads to confirm. */
import type { Core } from './core.js';

/** Tells everybody that we lead, and asks them to confirm the reads that wait. */
export function broadcastHeartbeat(core: Core): void {
  const context = core.reads.context();
  const { committed } = core.log;
  for (const [to, progress] of core.tracker.members) {
    if (to === core.id) continue;
    // Never beyond what the member is known to have: its log may differ there.
    const commit = progress.match < committed ? progress.match : committed;
    core.send({ type: 'MsgHeartbeat', from: core.id, to, term: core.term, commit, context });
    progress.sentCommit(commit);
  }
}
