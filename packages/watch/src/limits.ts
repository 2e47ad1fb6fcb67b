/** Every bound of this package, with its default and its reason. What happens at it is in DESIGN.md. */

/** Bounds that a hub's owner may set. */
export interface WatchLimits {
  /** Watchers on one stream; a creation above it is refused. */
  readonly watchersPerStreamMax: number;
  /** Event responses waiting in one stream. The next one sends its watcher to catching up. */
  readonly outboxResponsesMax: number;
  /** Encoded bytes of events waiting in one stream; one single response may exceed it. As above. */
  readonly outboxBytesMax: number;
  /** Answers to requests waiting in one stream; above it `congested` asks the owner to read no more requests. */
  readonly outboxAnswersMax: number;
  /** Revisions in one catch-up read, and so in one response. */
  readonly catchUpRevisionsMax: number;
  /** Bytes of one catch-up read; one single revision may exceed it. */
  readonly catchUpBytesMax: number;
  /** Watchers that share one catch-up read: bounds the work of one slice. */
  readonly catchUpWatchersMax: number;
}

export const DEFAULT_LIMITS: WatchLimits = {
  watchersPerStreamMax: 10_000,
  outboxResponsesMax: 1_024,
  outboxBytesMax: 16 * 1024 * 1024,
  outboxAnswersMax: 1_024,
  catchUpRevisionsMax: 1_000,
  catchUpBytesMax: 8 * 1024 * 1024,
  catchUpWatchersMax: 1_024,
};

/** A response with fewer bytes than this is never split: `max-request-bytes` + 512 KiB, with etcd's default. */
export const FRAGMENT_BYTES_DEFAULT: number = 1_572_864 + 524_288;
