/**
 * `--force-new-cluster` (daemon.md §13): a member whose cluster has lost its quorum for ever goes on alone. The others are
 * removed by entries of the log, so that it is a log like any other (etcd v3.7.1 etcdserver/bootstrap.go,
 * server/storage/util.go `CreateConfigChangeEnts`).
 *
 * etcd drops the entries of which this member does not know that they were committed. Here they are kept, up to a change of
 * membership: the last ones that were acknowledged may be among them, as a raised commit index alone is not made durable, and
 * nobody was told of the others that they failed.
 */
import { EMPTY_HARD_STATE, toIndex } from '@kv/raft';
import type { ConfChange, Entry, HardState, LogIndex } from '@kv/raft';
import { decodeConfChange, encodeConfChange } from '@kv/raft/codec';
import type { Recovered } from '@kv/wal';
import type { MemberId } from '../ids.js';
import { utf8 } from '../wire/buffer.js';
import { memberToJson, promotionToJson, type MemberRecord } from './member-record.js';

/** Where a member is reached of which no address is known (etcd's choice). */
const UNKNOWN_PEER_URL = 'http://localhost:2380';
const NO_CONTEXT: Uint8Array = new Uint8Array(0);

export interface ForcedStart {
  /** The log with what is appended. */
  readonly recovered: Recovered;
  /** To be made durable before anything else: they replace what is not kept. */
  readonly appended: readonly Entry[];
  readonly hardState: HardState;
}

/** What the store says: as of `applied`, whose effects it holds. */
export interface StoredMembers {
  readonly members: readonly MemberRecord[];
  readonly applied: LogIndex;
}

/** The start of `self` as the only member. */
export function forceNewCluster(
  self: MemberId,
  recovered: Recovered,
  stored: StoredMembers,
): ForcedStart {
  const { hardState = EMPTY_HARD_STATE, snapshot, entries } = recovered;
  const committed = Math.max(hardState.commit, stored.applied, snapshot.index);
  const change = entries.find(({ index, type }) => index > committed && type !== 'normal');
  const kept = change === undefined ? entries : entries.filter(({ index }) => index < change.index);
  const last = kept.at(-1)?.index ?? snapshot.index;
  const changes = changesTo(self, stored, kept);
  const appended = changes.map((each, n): Entry => ({
    term: hardState.term,
    index: toIndex(last + 1 + n),
    type: 'confChange',
    data: encodeConfChange(each),
  }));
  const forced = { ...hardState, commit: toIndex(last + appended.length) };
  return {
    recovered: { ...recovered, entries: [...kept, ...appended], hardState: forced },
    appended,
    hardState: forced,
  };
}

/** Itself first, where need be: a cluster is never without a voter. */
function changesTo(
  self: MemberId,
  { members, applied }: StoredMembers,
  kept: readonly Entry[],
): readonly ConfChange[] {
  const voting = new Map(members.map(({ id, isLearner }) => [id, !isLearner]));
  for (const { index, type, data } of kept) {
    if (index <= applied || type !== 'confChange') continue;
    const change = decodeConfChange(data);
    if (change.type === 'removeNode') voting.delete(change.nodeId);
    else if (change.type === 'addNode') voting.set(change.nodeId, true);
    else if (change.type === 'addLearnerNode') voting.set(change.nodeId, false);
  }
  const changes: ConfChange[] = [];
  const votes = voting.get(self);
  if (votes !== true) {
    const record = { id: self, peerUrls: [UNKNOWN_PEER_URL], isLearner: false };
    const context =
      votes === false
        ? promotionToJson(self)
        : memberToJson({ ...record, name: '', clientUrls: [] });
    changes.push({ id: 0n, type: 'addNode', nodeId: self, context: utf8(context) });
  }
  const others = [...voting.keys()].filter((id) => id !== self);
  for (const nodeId of others.toSorted((a, b) => (a < b ? -1 : 1))) {
    changes.push({ id: 0n, type: 'removeNode', nodeId, context: NO_CONTEXT });
  }
  return changes;
}
