/** Every bound of membership, with its reason. */

/** Changes of membership that wait for their outcome here. People make them, one after the other: more is a mistake. */
export const CHANGES_WAITING_MAX = 1000;

/** A removed member goes on for this long after it has applied its own removal, so that others hear of it (etcd's delay). */
export const REMOVED_LINGER_MS = 1000;

/** A promotion that could not be passed on to the leader is passed on again after this long. */
export const PROMOTION_RETRY_MS = 50;
