/** The service of watches: its messages and its methods. */
import { WatchRequest, WatchResponse } from './gen/etcdserverpb/watch.js';
import { method } from './method.js';
import type { BidiMethod } from './method.js';

export {
  WatchCancelRequest,
  WatchCreateRequest,
  WatchCreateRequest_FilterType,
  WatchProgressRequest,
  WatchRequest,
  WatchResponse,
} from './gen/etcdserverpb/watch.js';
export { ResponseHeader } from './gen/etcdserverpb/header.js';
export { KeyValue, Event, Event_EventType } from './gen/mvccpb/kv.js';

const name = 'etcdserverpb.Watch';

/** The methods of `etcdserverpb.Watch`. */
export const watchService: {
  /** Any number of watchers on one stream. */
  readonly watch: BidiMethod<WatchRequest, WatchResponse>;
} = {
  watch: method('bidi', name, 'Watch', WatchRequest, WatchResponse),
};
