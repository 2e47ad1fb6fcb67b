/** Identifiers of watchers: per stream, any signed 64-bit number. */
import type { Brand } from './brand.js';

/** Identifies a watcher on its stream. 0 is an ordinary value; -1 stands for "the stream" in responses. */
export type WatchId = Brand<bigint, 'WatchId'>;

/** In responses: a progress notification for the whole stream, or a creation that failed. */
export const STREAM_WIDE: WatchId = watchId(-1n);

/** In requests: the stream chooses. */
export const AUTO_WATCH_ID: WatchId = watchId(0n);

/** Takes a signed 64-bit number for a watcher's identifier. */
export function watchId(value: bigint): WatchId {
  return BigInt.asIntN(64, value) as WatchId;
}
