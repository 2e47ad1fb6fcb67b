/** What the leader appends, what it sends to whom, and what is thereby committed (Raft §5.3, §5.4, §7). */
import type { Core } from './core.js';
import type { Progress } from './tracker/progress.js';
import { toIndex, toTerm, type Entry, type LogIndex, type NodeId } from './types.js';

/** An entry before it has a place in the log. */
export type Draft = Pick<Entry, 'type' | 'data'>;

/**
 * Appends to the leader's own log. Returns the first index, or undefined when the uncommitted part would grow beyond
 * its bound. The leader acknowledges to itself when the entries are durable, like a follower.
 */
export function appendEntries(core: Core, drafts: readonly Draft[]): LogIndex | undefined {
  let bytes = 0;
  for (const draft of drafts) bytes += draft.data.length;
  if (!reserveUncommitted(core, bytes)) return undefined;

  const { term } = core;
  const first = core.log.lastIndex() + 1;
  const entries: Entry[] = [];
  let index = first;
  for (const { type, data } of drafts) entries.push({ term, index: toIndex(index++), type, data });
  core.log.append(entries);
  core.send({
    type: 'MsgAppResp',
    from: core.id,
    to: core.id,
    term,
    index: core.log.lastIndex(),
    reject: false,
    rejectHint: toIndex(0),
    logTerm: toTerm(0),
  });
  return toIndex(first);
}

/**
 * Counts bytes as uncommitted, within the bound. Anything is accepted while nothing is uncommitted, and what has no
 * payload always: a new leader's empty entry, and leaving a joint configuration.
 */
function reserveUncommitted(core: Core, bytes: number): boolean {
  const total = core.uncommittedBytes + bytes;
  if (core.uncommittedBytes > 0 && bytes > 0 && total > core.config.uncommittedBytesMax) {
    return false;
  }
  core.uncommittedBytes = total;
  return true;
}

/** Entries were applied, so they no longer count as uncommitted. */
export function releaseUncommitted(core: Core, entries: readonly Entry[]): void {
  let bytes = 0;
  for (const entry of entries) bytes += entry.data.length;
  core.uncommittedBytes = Math.max(0, core.uncommittedBytes - bytes);
}

/** Sends everybody what they lack, or at least the commit index. */
export function broadcastAppend(core: Core): void {
  for (const id of core.tracker.members.keys()) if (id !== core.id) sendAppend(core, id);
}

/** Sends entries, or at least the commit index, unless the member is paused. */
export function sendAppend(core: Core, to: NodeId): void {
  trySendAppend(core, to, true);
}

/** Sends as many messages with entries as flow control allows. */
export function sendAllEntries(core: Core, to: NodeId): void {
  while (trySendAppend(core, to, false));
}

/**
 * Sends the next entries. Without any it sends nothing, unless `evenIfEmpty`: an empty message tells the commit index.
 * Where the log does not reach back far enough, a snapshot goes out instead. Returns whether something did.
 */
export function trySendAppend(core: Core, to: NodeId, evenIfEmpty: boolean): boolean {
  const progress = core.tracker.get(to);
  if (progress === undefined || progress.paused) return false;

  const index = toIndex(progress.next - 1);
  const logTerm = core.log.term(index);
  if (logTerm === undefined) return trySendSnapshot(core, to, progress);

  // With a full window only empty messages go out. They keep things moving if all that is under way was lost: the
  // answer, or the refusal, frees the window.
  const entries = progress.mayCarryEntries
    ? core.log.entriesFrom(progress.next, core.config.messageBytesMax)
    : [];
  if (entries === undefined) return trySendSnapshot(core, to, progress);
  if (entries.length === 0 && !evenIfEmpty) return false;

  const { term, id } = core;
  const commit = core.log.committed;
  core.send({ type: 'MsgApp', from: id, to, term, index, logTerm, entries, commit });
  let bytes = 0;
  for (const entry of entries) bytes += entry.data.length;
  progress.sentEntries(entries.length, bytes, commit);
  return true;
}

function trySendSnapshot(core: Core, to: NodeId, progress: Progress): boolean {
  const skip = (reason: 'inactive' | 'unavailable'): false => {
    core.observe({ type: 'snapshotNotSent', at: core.id, peer: to, reason });
    return false;
  };
  if (!progress.recentActive) return skip('inactive');
  const snapshot = core.log.snapshot();
  if (snapshot === undefined || snapshot.meta.index === 0) return skip('unavailable');

  core.observe({
    type: 'snapshotSent',
    at: core.id,
    peer: to,
    firstIndex: core.log.firstIndex(),
    commit: core.log.committed,
    snapshot: snapshot.meta,
    progress: progress.status(),
  });
  progress.sentSnapshot(snapshot.meta.index);
  core.observe({ type: 'snapshotPaused', at: core.id, peer: to, progress: progress.status() });
  core.send({ type: 'MsgSnap', from: core.id, to, term: core.term, snapshot });
  return true;
}

/** Commits what a quorum has by now, if it is of our own term (R4). Returns whether the commit index rose. */
export function advanceCommit(core: Core): boolean {
  return core.log.tryCommit({ term: core.term, index: core.tracker.committed() });
}
