/** What happened in a hub, for metrics and tests. */

/** Shared by the streams of one hub. */
export interface Counters {
  streams: number;
  /** Created and not cancelled, those that compaction ended included. */
  watchers: number;
  /** Event responses and progress waiting in all outboxes. */
  pendingResponses: number;
  pendingEvents: number;
  pendingBytes: number;
  /** Events that were taken, ever. */
  takenEvents: number;
  /** Times that a full outbox sent a live watcher back to history, ever. */
  fallBacks: number;
  /** Reads of history, ever. */
  historyReads: number;
}

export function newCounters(): Counters {
  return {
    streams: 0,
    watchers: 0,
    pendingResponses: 0,
    pendingEvents: 0,
    pendingBytes: 0,
    takenEvents: 0,
    fallBacks: 0,
    historyReads: 0,
  };
}
