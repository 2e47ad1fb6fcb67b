/** What a client may ask of a new watcher, after the edge has turned bytes into keys and ranges. */
import type { KeyRange, Revision } from '@kv/mvcc/model';
import type { WatchId } from './watch-id.js';

export interface WatchCreateRequest {
  /** An empty key has become the byte 0x00 already. An empty `range` is refused. */
  readonly range: KeyRange;
  /** First revision wanted, inclusive; 0 = from now on; negative is refused; the past and the future are fine. */
  readonly startRevision: Revision;
  /** 0n lets the stream choose; any other value is used as it is. */
  readonly watchId: WatchId;
  /** Periodic notifications; default false. */
  readonly progressNotify?: boolean;
  /** Attach the pair before each event; default false. */
  readonly prevKv?: boolean;
  /** Drop PUT events; default false. */
  readonly noPut?: boolean;
  /** Drop DELETE events; default false. */
  readonly noDelete?: boolean;
  /** Allow splitting of large responses; default false. */
  readonly fragment?: boolean;
  /** The text of a failed permission check. It ranks after a negative revision and before an empty range. */
  readonly deniedReason?: string;
}
