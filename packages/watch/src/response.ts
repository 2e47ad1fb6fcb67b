/** What a stream says: the structured form of `etcdserverpb.WatchResponse`, ready to be given its header. */
import type { Revision } from '@kv/mvcc/model';
import type { EventBatch } from './event-batch.js';
import type { WatchId } from './watch-id.js';

/** `revision` is always the header's; a response without it has 0 there. */
export type WatchResponse =
  /** `created: true`. */
  | { readonly type: 'created'; readonly watchId: WatchId; readonly revision: Revision }
  /** A creation that failed: watch id -1, `created` and `canceled`, with the reason. The stream stays. */
  | { readonly type: 'refused'; readonly revision: Revision; readonly reason: string }
  /** `canceled: true`. The reason is '' when it answers the client's own request. */
  | {
      readonly type: 'canceled';
      readonly watchId: WatchId;
      readonly revision: Revision;
      readonly reason: string;
    }
  /** `canceled: true` with `compact_revision`, no reason, header revision 0. */
  | { readonly type: 'compacted'; readonly watchId: WatchId; readonly compactRevision: Revision }
  /** No events: all of this watcher's (or with -1: all of the stream's) up to `revision` were taken before this. */
  | { readonly type: 'progress'; readonly watchId: WatchId; readonly revision: Revision }
  | {
      readonly type: 'events';
      readonly watchId: WatchId;
      readonly revision: Revision;
      readonly batch: EventBatch;
      /** True when more fragments of the same response follow; they come next, with nothing in between. */
      readonly fragment: boolean;
    };

/** Texts of `cancel_reason` that this package decides (etcd api/v3rpc/rpctypes, storage/mvcc). */
export const REASONS = {
  compacted: 'etcdserver: mvcc: required revision has been compacted',
  emptyRange: 'mvcc: watcher range is empty',
  duplicateId: 'mvcc: duplicate watch ID provided on the WatchStream',
  /** Ours: etcd has no such bound. */
  tooManyWatchers: 'mvcc: too many watchers on the WatchStream',
} as const;
