/** Watch responses as bytes: header and watch id written here, events spliced as the hub encoded them once for everybody. */
import type { WatchId, WatchResponse } from '@kv/watch';
import { assertNever } from '../invariant.js';
import { utf8 } from '../wire/buffer.js';
import {
  allocate,
  finished,
  lengthFieldSize,
  varint64Size,
  varintSize,
  writeLengthPrefix,
  writeVarint,
  writeVarint64,
} from '../wire/writer.js';
import type { ResponseHeaders } from './header.js';

// etcdserverpb.WatchResponse: header 1, watch_id 2, created 3, canceled 4, compact_revision 5, cancel_reason 6, fragment 7,
// events 11 (encoded by the hub, tags included).
const TAG_WATCH_ID = 0x10;
const TAG_CREATED = 0x18;
const TAG_CANCELED = 0x20;
const TAG_COMPACT_REVISION = 0x28;
const CANCEL_REASON_FIELD = 6;
const TAG_FRAGMENT = 0x38;

const FAILED_CREATION = -1n;

/** The fields beside header and watch id. */
interface Rest {
  readonly watchId: bigint;
  readonly revision: number;
  readonly created: boolean;
  readonly canceled: boolean;
  readonly compactRevision: number;
  readonly reason: string;
}

const nothing = {
  created: false,
  canceled: false,
  compactRevision: 0,
  reason: '',
} as const;

/** Size of a response without its events: header and watch id. */
export function watchEnvelopeBytes(
  headers: ResponseHeaders,
  watchId: WatchId,
  revision: number,
): number {
  return headers.fieldSize(revision) + watchIdSize(watchId);
}

export function encodeWatchResponse(headers: ResponseHeaders, response: WatchResponse): Buffer {
  if (response.type === 'events') return encodeEvents(headers, response);
  return encode(headers, fieldsOf(response));
}

/** The hot one: one for each watcher of a change. */
function encodeEvents(
  headers: ResponseHeaders,
  { watchId, revision, fragment, batch }: WatchResponse & { readonly type: 'events' },
): Buffer {
  const events = batch.encode();
  const envelope = headers.fieldSize(revision) + watchIdSize(watchId) + (fragment ? 2 : 0);
  const bytes = allocate(envelope + events.length);
  let at = headers.writeField(bytes, 0, revision);
  if (watchId !== 0n) {
    bytes[at++] = TAG_WATCH_ID;
    at = writeVarint64(bytes, at, watchId);
  }
  if (fragment) at = writeTrue(bytes, at, TAG_FRAGMENT);
  bytes.set(events, at);
  return finished(bytes, at + events.length);
}

function fieldsOf(response: Exclude<WatchResponse, { readonly type: 'events' }>): Rest {
  switch (response.type) {
    case 'created':
      return { ...nothing, watchId: response.watchId, revision: response.revision, created: true };
    case 'refused':
      return {
        ...nothing,
        watchId: FAILED_CREATION,
        revision: response.revision,
        created: true,
        canceled: true,
        reason: response.reason,
      };
    case 'canceled':
      return {
        ...nothing,
        watchId: response.watchId,
        revision: response.revision,
        canceled: true,
        reason: response.reason,
      };
    case 'compacted':
      return {
        ...nothing,
        watchId: response.watchId,
        revision: 0,
        canceled: true,
        compactRevision: response.compactRevision,
      };
    case 'progress':
      return { ...nothing, watchId: response.watchId, revision: response.revision };
    default:
      return assertNever(response, 'a watch response has a known type');
  }
}

function watchIdSize(watchId: bigint): number {
  return watchId === 0n ? 0 : 1 + varint64Size(watchId);
}

function encode(headers: ResponseHeaders, rest: Rest): Buffer {
  const reason = utf8(rest.reason);
  const bytes = allocate(
    headers.fieldSize(rest.revision) +
      watchIdSize(rest.watchId) +
      (rest.created ? 2 : 0) +
      (rest.canceled ? 2 : 0) +
      (rest.compactRevision === 0 ? 0 : 1 + varintSize(rest.compactRevision)) +
      (reason.length === 0 ? 0 : lengthFieldSize(CANCEL_REASON_FIELD, reason.length)),
  );
  let at = headers.writeField(bytes, 0, rest.revision);
  if (rest.watchId !== 0n) {
    bytes[at++] = TAG_WATCH_ID;
    at = writeVarint64(bytes, at, rest.watchId);
  }
  if (rest.created) at = writeTrue(bytes, at, TAG_CREATED);
  if (rest.canceled) at = writeTrue(bytes, at, TAG_CANCELED);
  if (rest.compactRevision !== 0) {
    bytes[at++] = TAG_COMPACT_REVISION;
    at = writeVarint(bytes, at, rest.compactRevision);
  }
  if (reason.length > 0) {
    at = writeLengthPrefix(bytes, at, CANCEL_REASON_FIELD, reason.length);
    bytes.set(reason, at);
    at += reason.length;
  }
  return finished(bytes, at);
}

function writeTrue(into: Buffer, at: number, tag: number): number {
  into[at] = tag;
  into[at + 1] = 1;
  return at + 2;
}
