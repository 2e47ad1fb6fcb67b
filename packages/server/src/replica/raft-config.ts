/** What Raft is told at the start: etcd's settings, and how far this member is. */
import { toIndex, type LogIndex, type RaftEvent, type RawNode } from '@kv/raft';
import type { Logger } from '../logger.js';
import type { MemberConfig } from '../member-config.js';
import { electionTicksOf } from '../replicated-state.js';
import type { Storage } from '../storage.js';

/** etcd's maxSizePerMsg and maxInflightMsgs. */
const MESSAGE_BYTES_MAX: number = 1024 * 1024;
const INFLIGHT_MESSAGES_MAX = 512;
/** Bytes of committed entries in one `Ready`: bounds the turn in which they are applied. */
const APPLYING_BYTES_MAX: number = 1024 * 1024;

/** What the store holds, as far as the log says that it is committed: of the rest it hears from the next leader. */
function appliedIndexOf({ store, recovered }: Storage): LogIndex {
  const { snapshot, hardState } = recovered;
  const committed = Math.max(snapshot.index, hardState?.commit ?? 0);
  return toIndex(Math.min(store.consistentIndex.index, committed));
}

export function raftConfigOf(
  config: MemberConfig,
  storage: Storage,
  logger: Logger,
): ConstructorParameters<typeof RawNode>[0] {
  return {
    id: storage.identity.memberId,
    electionTicks: electionTicksOf(config),
    heartbeatTicks: 1,
    applied: appliedIndexOf(storage),
    messageBytesMax: MESSAGE_BYTES_MAX,
    applyingBytesMax: APPLYING_BYTES_MAX,
    inflightMessagesMax: INFLIGHT_MESSAGES_MAX,
    checkQuorum: true,
    asyncStorageWrites: true,
    preVote: config.preVote,
    observer: (event: RaftEvent) => {
      if (logger.enabled('debug')) logger.log('debug', `raft: ${event.type}`);
    },
  };
}
