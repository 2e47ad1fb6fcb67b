/** Events from revisions: ordered, unique, atomic, resumable, with memory bounded per stream. */
export type { WatchCreateRequest } from './create-request.js';
export { WatchError } from './errors.js';
export type { WatchErrorCode } from './errors.js';
export { EventBatch } from './event-batch.js';
export type { PreviousKeyValues } from './event-batch.js';
export type { HistoryBatch, HistoryReader, HistoryRequest } from './history-reader.js';
export { DEFAULT_LIMITS, FRAGMENT_BYTES_DEFAULT } from './limits.js';
export type { WatchLimits } from './limits.js';
export { REASONS } from './response.js';
export type { WatchResponse } from './response.js';
export { AUTO_WATCH_ID, STREAM_WIDE, watchId } from './watch-id.js';
export type { WatchId } from './watch-id.js';
export { WatchHub } from './hub.js';
export type { WatchHubOptions, WatchStats } from './hub.js';
export type { StreamOptions, WatchStream } from './watch-stream.js';
