/** The request that creates a watch, and the error for one that the server ended. */
import {
  WatchCreateRequest,
  WatchCreateRequest_FilterType,
  type WatchResponse,
} from '@kv/proto/watch';
import { revisionToWire, type KeySelector } from './data.js';
import { KvError } from './errors.js';
import type { Scope } from './scope.js';
import type { WatchOptions } from './watch.js';

export function watchRequest(
  scope: Scope<unknown, never>,
  keys: KeySelector,
  options: WatchOptions,
): WatchCreateRequest {
  return WatchCreateRequest.create({
    ...scope.rangeToWire(keys),
    startRevision: revisionToWire('startRevision', options.startRevision ?? 0),
    prevKv: options.prevKv ?? false,
    progressNotify: options.progressNotify ?? false,
    fragment: true,
    filters: filters(options.only),
  });
}

function filters(only: WatchOptions['only']): WatchCreateRequest_FilterType[] {
  switch (only) {
    case undefined:
      return [];
    case 'put':
      return [WatchCreateRequest_FilterType.NODELETE];
    case 'delete':
      return [WatchCreateRequest_FilterType.NOPUT];
  }
}

/** Why the server ended the watch. */
export function cancelled(answer: WatchResponse): KvError {
  if (answer.compactRevision > 0n) {
    const message = `the watched revision is gone: history begins at ${answer.compactRevision}`;
    return new KvError('compacted', message, { outcome: 'definite', details: answer.cancelReason });
  }
  const reason = answer.cancelReason === '' ? 'no reason given' : answer.cancelReason;
  return new KvError('watchCanceled', `the server ended the watch: ${reason}`, {
    outcome: 'definite',
    details: answer.cancelReason,
  });
}
