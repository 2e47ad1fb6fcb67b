/** Every bound of requests inside of a member, with its reason. Bounds of the wire are in the transport. */

/** A proposal is refused while the log is this far ahead of what is applied (etcd's maxGapBetweenApplyAndCommitIndex). */
export const APPLY_BACKLOG_MAX = 5000;

/** Proposals that wait for a turn of the loop. More is refused: nobody can be served that soon. */
export const INBOX_PROPOSALS_MAX = 100_000;

/** Bytes of proposals that wait for a turn of the loop. */
export const INBOX_BYTES_MAX: number = 256 * 1024 * 1024;

/** Messages of peers that wait for a turn of the loop. More is dropped: Raft repeats what matters. */
export const INBOX_MESSAGES_MAX = 16_384;

/** Memory of messages of peers that wait for a turn of the loop. One that comes when none waits is taken, whatever its size. */
export const INBOX_MESSAGE_BYTES_MAX: number = 64 * 1024 * 1024;

/** Memory of a message, and of each entry in it, beside its data: so that a million empty ones are not free. */
export const MESSAGE_OVERHEAD_BYTES = 128;

/**
 * Proposals taken in one turn. Below {@link APPLY_BACKLOG_MAX}, so that a leader that commits a whole turn at once does not
 * refuse others for it; large enough that the sync, not the turn, bounds the rate.
 */
export const PROPOSALS_PER_TURN_MAX = 4000;

/** Bytes of proposals taken in one turn: what one sync writes. One proposal may exceed it. */
export const PROPOSAL_BYTES_PER_TURN_MAX: number = 16 * 1024 * 1024;

/** A read-index request without answer is repeated after this long (etcd's readIndexRetryTime). */
export const READ_INDEX_RETRY_MS = 500;

/** Linearizable reads that wait for a round. More is refused. */
export const WAITING_READS_MAX = 100_000;

/** How long lease and membership calls wait for the apply loop (etcd's applyTimeout). */
export const APPLY_WAIT_MS = 1000;

/** Bytes of a unary response; etcd has only gRPC's bound of 2 GiB, at which a process of ours would be long dead. */
export const RESPONSE_BYTES_MAX: number = 64 * 1024 * 1024;

/** Bytes of a leader's entries that one turn takes in, more only by one message: they are written to the log at once. */
export const MESSAGE_BYTES_PER_TURN_MAX: number = 16 * 1024 * 1024;
