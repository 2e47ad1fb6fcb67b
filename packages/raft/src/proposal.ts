/** Proposals: the leader appends them, a follower passes them on, and some are dropped with a reason. */
import { decodeConfChange, decodeConfChangeV2 } from './codec/conf.js';
import { toConfChangeV2, type ConfChangeV2 } from './conf-change.js';
import { toConfState } from './confchange/configuration.js';
import type { Core } from './core.js';
import type { DropReason } from './events.js';
import { findRefusal } from './membership.js';
import { appendEntries, broadcastAppend, type Draft } from './replication.js';
import {
  NONE,
  NO_DATA,
  NO_TERM,
  toIndex,
  type Entry,
  type LogIndex,
  type NodeId,
  type Term,
} from './types.js';

/** What became of a proposal. Also what was appended or forwarded may be lost when the leader changes. */
export type ProposeResult =
  /** In the leader's log, at `firstIndex` and following, in `term`. */
  | { readonly outcome: 'appended'; readonly term: Term; readonly firstIndex: LogIndex }
  | { readonly outcome: 'forwarded'; readonly to: NodeId }
  | { readonly outcome: 'dropped'; readonly reason: DropReason };

/** Proposes a batch, of which all or nothing is taken. `from` is who proposed it first. */
export function propose(core: Core, from: NodeId, drafts: readonly Draft[]): ProposeResult {
  switch (core.role) {
    case 'leader':
      return append(core, drafts);
    case 'follower':
      return forward(core, from, drafts);
    case 'preCandidate':
    case 'candidate':
      return drop(core, 'noLeader');
  }
}

function forward(core: Core, from: NodeId, drafts: readonly Draft[]): ProposeResult {
  const to = core.leader;
  if (to === NONE) return drop(core, 'noLeader');
  if (!core.config.proposalForwarding) return drop(core, 'forwardingDisabled');
  const entries: Entry[] = [];
  for (const { type, data } of drafts) {
    entries.push({ term: NO_TERM, index: toIndex(0), type, data });
  }
  core.send({ type: 'MsgProp', from, to, term: NO_TERM, entries });
  return { outcome: 'forwarded', to };
}

function append(core: Core, drafts: readonly Draft[]): ProposeResult {
  if (core.tracker.get(core.id) === undefined) return drop(core, 'removed');
  if (core.transferee !== NONE) return drop(core, 'transferring');
  const checked = drafts.some((draft) => draft.type !== 'normal')
    ? checkConfChanges(core, drafts)
    : drafts;
  const firstIndex = appendEntries(core, checked);
  if (firstIndex === undefined) return drop(core, 'uncommittedBytes');
  broadcastAppend(core);
  return { outcome: 'appended', term: core.term, firstIndex };
}

function drop(core: Core, reason: DropReason): ProposeResult {
  core.observe({ type: 'proposalDropped', at: core.id, term: core.term, reason });
  return { outcome: 'dropped', reason };
}

/** Replaces a change that is refused by an empty entry, so that the rest of the batch keeps its places. */
function checkConfChanges(core: Core, drafts: readonly Draft[]): readonly Draft[] {
  const first = core.log.lastIndex() + 1;
  return drafts.map((draft, at) => {
    const change = decodeChange(draft);
    if (change === undefined) return draft;
    const reason = findRefusal(core, change);
    if (reason === undefined || !core.config.confChangeValidation) {
      core.pendingConfIndex = toIndex(first + at);
      return draft;
    }
    core.observe({
      type: 'confChangeRefused',
      at: core.id,
      change,
      config: toConfState(core.tracker.config),
      reason,
      pendingIndex: core.pendingConfIndex,
      applied: core.log.applied,
    });
    return { type: 'normal', data: NO_DATA };
  });
}

/** The change in an entry; undefined when it is no change. Throws `RaftError('malformed')`. */
export function decodeChange(draft: Draft): ConfChangeV2 | undefined {
  switch (draft.type) {
    case 'normal':
      return undefined;
    case 'confChange':
      return toConfChangeV2(decodeConfChange(draft.data));
    case 'confChangeV2':
      return decodeConfChangeV2(draft.data);
  }
}
