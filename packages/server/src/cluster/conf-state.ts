/** The configuration of Raft as the JSON that etcd keeps beside the consistent index (bucket `meta`, key `confState`). */
import type { ConfState, NodeId } from '@kv/raft';

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
