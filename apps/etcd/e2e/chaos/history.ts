/** What clients asked and were told, and what watchers saw, with times of one monotonic clock in milliseconds. */

/** Every value is written once, so that who finds it knows who wrote it. */
export type Request =
  | { readonly kind: 'put'; readonly key: string; readonly value: string }
  | {
      readonly kind: 'compareAndSwap';
      readonly key: string;
      readonly value: string;
      /** 0: only if there is no such key. */
      readonly modRevision: number;
    }
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'read'; readonly key: string; readonly serializable: boolean };

/** A key as it is at some revision. */
export interface KeyState {
  readonly value: string;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
}

/** `revision` is that of the answer's header. */
export type Result =
  | { readonly type: 'written'; readonly revision: number }
  | { readonly type: 'notSwapped'; readonly revision: number }
  | { readonly type: 'deleted'; readonly revision: number; readonly count: number }
  | { readonly type: 'read'; readonly revision: number; readonly state: KeyState | undefined }
  /** It did not happen (G-18). */
  | { readonly type: 'refused'; readonly why: string }
  /** It may have happened, or may still. */
  | { readonly type: 'unknown'; readonly why: string };

export interface Operation {
  readonly client: string;
  readonly endpoint: string;
  readonly request: Request;
  readonly invokedMs: number;
  readonly returnedMs: number;
  readonly result: Result;
}

export interface SeenEvent {
  readonly type: 'put' | 'delete';
  readonly key: string;
  readonly revision: number;
  readonly state: KeyState | undefined;
  readonly atMs: number;
}

/** One lease with one key, renewed for a while and then left to expire. */
export interface LeaseRecord {
  readonly key: string;
  readonly ttlMs: number;
  /** When the last renewal that was acknowledged was sent, or the grant. */
  renewedMs: number;
}

export class History {
  readonly operations: Operation[] = [];
  readonly watchers = new Map<string, SeenEvent[]>();
  readonly leases: LeaseRecord[] = [];
}
