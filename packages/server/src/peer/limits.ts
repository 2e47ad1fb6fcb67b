/** Every bound of the way between members, with its reason (etcd v3.7.1 server/etcdserver/api/rafthttp/peer.go). */

/** A stream on which nothing came for this long is given up; both sides send a sign of life three times as often. */
export const STREAM_IDLE_MS_MAX = 5000;
export const LINK_HEARTBEAT_MS: number = STREAM_IDLE_MS_MAX / 3;

/** How long connecting, and a whole request that is no stream, may take. */
export const REQUEST_TIMEOUT_MS = 5000;

/** Pauses between attempts to open a stream: doubled from the first up to the last. */
export const REDIAL_MS_MIN = 100;
export const REDIAL_MS_MAX = 500;

/** Between two measurements of the time that a question to a peer takes; and after one that failed. */
export const PROBE_PERIOD_MS = 30_000;
export const PROBE_RETRY_MS = 5000;

/**
 * Bytes that wait for a slow peer on one stream. What comes after is dropped and reported, so that Raft probes instead of
 * going on; it has 1 MiB in a message, and 512 messages on their way.
 */
export const STREAM_QUEUE_BYTES_MAX: number = 64 * 1024 * 1024;

/** Posts under way to one peer while it has no stream, and messages that wait for one (etcd's numbers). */
export const PIPELINE_POSTS_MAX = 4;
export const PIPELINE_QUEUE_MAX = 64;

/** One message or entry as announced by a peer (etcd's readBytesLimit). */
export const FRAME_BYTES_MAX: number = 512 * 1024 * 1024;
/** Entries in one append as announced by a peer: a message of 1 MiB holds no more of the shortest there are. */
export const FRAME_ENTRIES_MAX: number = 1024 * 1024;

/** The message before the copy of a store: it holds no state (reliability.md H-P5). */
export const SNAPSHOT_MESSAGE_BYTES_MAX: number = 64 * 1024 * 1024;
/** Nothing moves for so long: a transfer is given up. The peer may look at a whole store before it answers. */
export const SNAPSHOT_IDLE_MS_MAX = 60_000;

/** The body of a posted message, and of an answer to a request that is no stream. */
export const BODY_BYTES_MAX: number = 64 * 1024 * 1024;
/** The body of a question for a hash: a number (reliability.md H-P5). */
export const HASH_BODY_BYTES_MAX: number = 64 * 1024;
/** The body of a request about leases (etcd v3.7.1 server/lease/leasehttp/http.go). */
export const LEASE_BODY_BYTES_MAX: number = 64 * 1024;

/** Members that have introduced themselves and are not known otherwise: those of a cluster that this member is about to join. */
export const STRANGERS_MAX = 64;
