/** The follower's side of replication: append what matches, refuse what does not, install snapshots (Raft §5.3, §7). */
import type { Core } from './core.js';
import { fromConfState } from './confchange/configuration.js';
import { invariant } from './invariant.js';
import { switchConfiguration } from './membership.js';
import type { MsgApp, MsgHeartbeat, MsgSnap } from './message.js';
import {
  toIndex,
  toTerm,
  type ConfState,
  type EntryId,
  type LogIndex,
  type NodeId,
  type Snapshot,
} from './types.js';

/** Appends entries, and acknowledges when they are durable. What is committed already is only acknowledged. */
export function handleAppend(core: Core, message: MsgApp): void {
  const { log } = core;
  if (message.index < log.committed) {
    acknowledge(core, message.from, log.committed);
    return;
  }
  const prev = { term: message.logTerm, index: message.index };
  const { term, entries } = message;
  const last = log.tryAppend({ term, prev, entries }, message.commit);
  if (last === undefined) reject(core, message);
  else acknowledge(core, message.from, last);
}

function acknowledge(core: Core, to: NodeId, index: LogIndex): void {
  core.send({
    type: 'MsgAppResp',
    from: core.id,
    to,
    term: core.term,
    index,
    reject: false,
    rejectHint: toIndex(0),
    logTerm: toTerm(0),
  });
}

/**
 * Hints at the last entry that may match: up to the leader's index, the last whose term is not above the leader's there.
 * All of ours above it are of later terms than anything that the leader has up to there. See `handleRejection` for the
 * leader's half of the search.
 */
function reject(core: Core, message: MsgApp): void {
  const { log } = core;
  core.observe({
    type: 'appendRejected',
    at: core.id,
    from: message.from,
    index: message.index,
    localTerm: log.term(message.index) ?? toTerm(0),
    leaderLogTerm: message.logTerm,
  });
  const last = log.lastIndex();
  const from = message.index < last ? message.index : last;
  const hint = log.findConflictByTerm(from, message.logTerm);
  core.send({
    type: 'MsgAppResp',
    from: core.id,
    to: message.from,
    term: core.term,
    index: message.index,
    reject: true,
    rejectHint: hint.index,
    logTerm: hint.term,
  });
}

/** Commits what the leader says, which is never more than what we acknowledged to it. */
export function handleHeartbeat(core: Core, message: MsgHeartbeat): void {
  core.log.commitTo(message.commit);
  const { from: to, context } = message;
  core.send({ type: 'MsgHeartbeatResp', from: core.id, to, term: core.term, context });
}

/** Installs a snapshot, unless the log has everything already. Acknowledges what is there in either case. */
export function handleSnapshot(core: Core, message: MsgSnap): void {
  const { index, term } = message.snapshot.meta;
  const restored = restore(core, message.snapshot);
  core.observe({
    type: restored ? 'snapshotAccepted' : 'snapshotIgnored',
    at: core.id,
    commit: core.log.committed,
    snapshot: { index, term },
  });
  acknowledge(core, message.from, restored ? core.log.lastIndex() : core.log.committed);
}

/** Returns whether the snapshot replaces the log. */
function restore(core: Core, snapshot: Snapshot): boolean {
  invariant(core.role === 'follower', 'only a follower is sent a snapshot', { role: core.role });
  const { log } = core;
  const { meta } = snapshot;
  const subject: EntryId = { index: meta.index, term: meta.term };
  const tell = (type: 'snapshotRestored' | 'snapshotFastForwarded'): void => {
    const last = log.lastId();
    core.observe({ type, at: core.id, commit: log.committed, last, snapshot: subject });
  };
  if (meta.index <= log.committed) return false;
  if (!mentions(meta.confState, core.id)) {
    core.observe({
      type: 'snapshotForOthers',
      at: core.id,
      commit: log.committed,
      snapshot: subject,
    });
    return false;
  }
  if (log.matches(subject)) {
    tell('snapshotFastForwarded');
    log.commitTo(meta.index);
    return false;
  }
  const config = fromConfState(meta.confState);
  invariant(typeof config !== 'string', 'the configuration was checked when the snapshot came in', {
    config,
  });
  log.restore(snapshot);
  if (log.applying > log.applied) {
    core.deferredConfig = config;
  } else {
    core.deferredConfig = undefined;
    switchConfiguration(core, config);
  }
  tell('snapshotRestored');
  return true;
}

/** Staged learners are outgoing voters, so they need no look of their own. */
function mentions(state: ConfState, id: NodeId): boolean {
  return (
    state.voters.includes(id) || state.learners.includes(id) || state.votersOutgoing.includes(id)
  );
}
