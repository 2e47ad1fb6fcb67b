/** What clients asked and what they were told, with times: all that the checkers judge beside the log. */
import type {
  CompactionRequest,
  CompactionResponse,
  DeleteRangeRequest,
  DeleteRangeResponse,
  LeaseGrantRequest,
  LeaseGrantResponse,
  LeaseKeepAliveRequest,
  LeaseKeepAliveResponse,
  LeaseRevokeRequest,
  LeaseRevokeResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  TxnRequest,
  TxnResponse,
  WatchCreateRequest,
  WatchResponse,
} from '@kv/proto';
import type { CallOutcome } from './connection.js';

/** Every kind of call that is recorded: its request and its response. */
export interface Calls {
  readonly put: { readonly request: PutRequest; readonly response: PutResponse };
  readonly range: { readonly request: RangeRequest; readonly response: RangeResponse };
  readonly deleteRange: {
    readonly request: DeleteRangeRequest;
    readonly response: DeleteRangeResponse;
  };
  readonly txn: { readonly request: TxnRequest; readonly response: TxnResponse };
  readonly compact: { readonly request: CompactionRequest; readonly response: CompactionResponse };
  readonly leaseGrant: {
    readonly request: LeaseGrantRequest;
    readonly response: LeaseGrantResponse;
  };
  readonly leaseRevoke: {
    readonly request: LeaseRevokeRequest;
    readonly response: LeaseRevokeResponse;
  };
  readonly leaseKeepAlive: {
    readonly request: LeaseKeepAliveRequest;
    readonly response: LeaseKeepAliveResponse;
  };
}

export type CallKind = keyof Calls;

export interface OperationOf<Kind extends CallKind> {
  readonly kind: Kind;
  readonly client: string;
  readonly machine: number;
  readonly request: Calls[Kind]['request'];
  readonly invokedMs: number;
  /** Undefined while the call is under way. */
  returnedMs: number | undefined;
  outcome: CallOutcome<Calls[Kind]['response']> | undefined;
}

export type Operation = { [Kind in CallKind]: OperationOf<Kind> }[CallKind];

export interface WatchArrival {
  readonly atMs: number;
  readonly response: WatchResponse;
}

/** One watch on one stream. */
export interface WatchRecord {
  readonly machine: number;
  readonly request: WatchCreateRequest;
  /** From this revision on (inclusive) events are owed; undefined until the watch was created, if it was not asked for. */
  startRevision: number | undefined;
  readonly arrivals: WatchArrival[];
  /** The stream is gone. */
  ended: boolean;
}

/** One watcher, over all the streams on which it went on. */
export interface WatcherRecord {
  readonly name: string;
  readonly watches: WatchRecord[];
}

export class History {
  readonly operations: Operation[] = [];
  readonly watchers: WatcherRecord[] = [];
}
