/** The configuration of Raft: as the JSON that etcd keeps beside the consistent index, and as what the members make it. */
import type { ConfState, NodeId } from '@kv/raft';
import { EMPTY_CONF_STATE } from '@kv/raft';
import type { MemberRecord } from './member-record.js';

/** The configuration that these members are (etcd v3.7.1 bootstrap.go `buildConfStateFromV3store`). Ascending by id. */
export function confStateOf(members: readonly MemberRecord[]): ConfState {
  return {
    ...EMPTY_CONF_STATE,
    voters: members.filter(({ isLearner }) => !isLearner).map(({ id }) => id),
    learners: members.filter(({ isLearner }) => isLearner).map(({ id }) => id),
  };
}

const MEMBER_LISTS = {
  voters: 'voters',
  learners: 'learners',
  votersOutgoing: 'voters_outgoing',
  learnersNext: 'learners_next',
} as const;

/** Reads what {@link confStateToJson} wrote. Not by `JSON.parse`: ids have 64 bits. */
export function confStateFromJson(text: string): ConfState {
  const list = (name: string): readonly NodeId[] => {
    const [, ids = ''] = new RegExp(`"${name}":\\[([0-9, ]*)\\]`).exec(text) ?? [];
    return (ids.match(/\d+/g) ?? []).map((id) => BigInt(id) as NodeId);
  };
  return {
    voters: list(MEMBER_LISTS.voters),
    learners: list(MEMBER_LISTS.learners),
    votersOutgoing: list(MEMBER_LISTS.votersOutgoing),
    learnersNext: list(MEMBER_LISTS.learnersNext),
    autoLeave: /"auto_leave": *true/.test(text),
  };
}

/** Kept in bucket `meta`, key `confState`. */

export function confStateToJson(state: ConfState): string {
  const lists: readonly (readonly [string, readonly NodeId[]])[] = [
    ['voters', state.voters],
    ['learners', state.learners],
    ['voters_outgoing', state.votersOutgoing],
    ['learners_next', state.learnersNext],
  ];
  const written = lists
    .filter(([, ids]) => ids.length > 0)
    .map(([name, ids]) => `"${name}":[${ids.map(String).join(',')}]`);
  return `{${[...written, `"auto_leave":${String(state.autoLeave)}`].join(',')}}`;
}
