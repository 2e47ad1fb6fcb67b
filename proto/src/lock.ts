/** The service of locks: its messages and its methods. */
import { LockRequest, LockResponse, UnlockRequest, UnlockResponse } from './gen/v3lockpb/lock.js';
import { method } from './method.js';
import type { UnaryMethod } from './method.js';

export { LockRequest, LockResponse, UnlockRequest, UnlockResponse } from './gen/v3lockpb/lock.js';
export { ResponseHeader } from './gen/etcdserverpb/header.js';

const name = 'v3lockpb.Lock';

/** The methods of `v3lockpb.Lock`. */
export const lockService: {
  /** Answers when the lock is held. */
  readonly lock: UnaryMethod<LockRequest, LockResponse>;
  /** Deletes the ownership key. */
  readonly unlock: UnaryMethod<UnlockRequest, UnlockResponse>;
} = {
  lock: method('unary', name, 'Lock', LockRequest, LockResponse),
  unlock: method('unary', name, 'Unlock', UnlockRequest, UnlockResponse),
};
