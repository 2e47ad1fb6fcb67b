/** What a member answers below `/raft` to other members: streams, single messages, probes (http.md §12.3). */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Clock } from '../clock.js';
import { errorOf } from '../errors.js';
import { hexOf } from '../grpc/int64.js';
import type { MemberId } from '../ids.js';
import type { Logger } from '../logger.js';
import { SERVER_VERSION } from '../version.js';
import { PeerError } from './errors.js';
import { FOREIGN_SNAPSHOT } from './foreign-snapshots.js';
import {
  CLUSTER_ID_HINT,
  findIncompatibility,
  HEADER_CLUSTER_ID,
  HEADER_VERSION,
  hasOurSnapshots,
  isMeantFor,
  memberIdOf,
  peerUrlsOf,
} from './headers.js';
import { collect } from './http-client.js';
import { BODY_BYTES_MAX, SNAPSHOT_IDLE_MS_MAX } from './limits.js';
import type { StreamSink } from './outgoing-stream.js';
import { refuse, refuseMethod } from './refusal.js';
import type { RepeatedLines } from './repeated-lines.js';
import { decodeSnapshotBody } from './snapshot-body.js';
import { readMessage, type StreamKind } from './stream-codec.js';
import type { LocalMember, PeerReceiver } from './transport.js';

export interface RaftRouteParts {
  /** Lines about requests that were refused. */
  readonly refusals: RepeatedLines;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Undefined until the transport has started, and after it has closed. */
  readonly local: () => LocalMember | undefined;
  readonly receiver: () => PeerReceiver | undefined;
  /** A snapshot of etcd came, and was refused. */
  readonly refusedForeign: (from: MemberId) => void;
  /** A member of this cluster is not known here, and says where it is reached: this member may be behind. */
  readonly introduce: (id: MemberId, peerUrls: readonly string[]) => void;
  /** A peer listens. Returns how to say that it stopped; undefined for a member that is not known. */
  readonly attach: (
    id: MemberId,
    kind: StreamKind,
    sink: StreamSink,
    takesSnapshots: boolean,
  ) => (() => void) | undefined;
  readonly received: (from: MemberId, bytes: number) => void;
}

export function raftRoutes(parts: RaftRouteParts): RequestListener {
  return (request, response) => {
    const local = parts.local();
    const receiver = parts.receiver();
    if (local === undefined || receiver === undefined) {
      refuse(response, 503, 'this member is not ready');
      return;
    }
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    if (path === '/raft/probing') probe(parts.clock, response);
    else if (path === '/raft') post(parts, local, receiver, request, response);
    else if (path === '/raft/snapshot') snapshot(parts, local, receiver, request, response);
    else if (path.startsWith('/raft/stream/')) {
      stream(parts, local, receiver, path, request, response);
    } else refuse(response, 404, '404 page not found');
  };
}

function probe(clock: Clock, response: ServerResponse): void {
  const now = new Date(clock.wallMs()).toISOString();
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.end(`${JSON.stringify({ OK: true, Now: now })}\n`);
}

/** False, and answered, when the other member is not one of this cluster and version. */
function isCompatible(
  { logger, refusals }: RaftRouteParts,
  local: LocalMember,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  response.setHeader('X-Etcd-Cluster-ID', hexOf(local.clusterId));
  const problem = findIncompatibility(request.headers, local.clusterId);
  if (problem === undefined) return true;
  const from = request.headers['x-server-from']?.toString() ?? '';
  if (refusals.isDue(`${problem} ${from}`)) {
    const isOfAnother = problem === 'cluster ID mismatch';
    logger.log('warn', isOfAnother ? 'request cluster ID mismatch' : 'request version mismatch', {
      'local-member-id': local.memberId,
      'local-member-cluster-id': local.clusterId,
      'local-member-server-version': SERVER_VERSION,
      'remote-addr': request.socket.remoteAddress ?? '',
      'remote-peer-server-name': from,
      'remote-peer-server-version': request.headers[HEADER_VERSION]?.toString() ?? '',
      'remote-peer-cluster-id': request.headers[HEADER_CLUSTER_ID]?.toString() ?? '',
      error: problem,
      ...(isOfAnother ? { hint: CLUSTER_ID_HINT } : {}),
    });
  }
  refuse(response, 412, problem);
  return false;
}

function post(
  parts: RaftRouteParts,
  local: LocalMember,
  receiver: PeerReceiver,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (request.method !== 'POST') {
    refuseMethod(response, 'POST');
    return;
  }
  if (!isCompatible(parts, local, request, response)) return;
  collect(request, BODY_BYTES_MAX)
    .then((body) => {
      const message = readMessage(body);
      if (receiver.isRemoved(message.from)) {
        refuse(response, 403, 'cannot process message from removed member');
        return;
      }
      receiver.receive(message);
      response.statusCode = 204;
      response.end();
    })
    .catch((error: unknown) => {
      const { message } = errorOf(error);
      parts.logger.log('warn', 'failed to read a message of another member', { error: message });
      refuse(response, 400, 'error unmarshalling raft message');
    });
}

function snapshot(
  parts: RaftRouteParts,
  local: LocalMember,
  receiver: PeerReceiver,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (request.method !== 'POST') {
    refuseMethod(response, 'POST');
    return;
  }
  if (!isCompatible(parts, local, request, response)) return;
  if (!hasOurSnapshots(request.headers)) {
    const from = memberIdOf(request.headers['x-server-from']?.toString() ?? '');
    if (from !== undefined) parts.refusedForeign(from);
    refuseUpload(request, response, 501, FOREIGN_SNAPSHOT);
    return;
  }
  takeSnapshot(parts, local, receiver, request, response).catch((error: unknown) => {
    const { message } = errorOf(error);
    parts.logger.log('warn', 'failed to take a snapshot of another member', { error: message });
    const isMalformed = error instanceof PeerError && error.code === 'malformed';
    refuseUpload(request, response, isMalformed ? 400 : 500, message);
  });
}

async function takeSnapshot(
  parts: RaftRouteParts,
  local: LocalMember,
  receiver: PeerReceiver,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A sender that is gone without a word does not hold the place for others.
  request.setTimeout(SNAPSHOT_IDLE_MS_MAX, () => {
    request.destroy(new PeerError('unreachable', 'nothing of a snapshot came for too long'));
  });
  const { message, chunks } = await decodeSnapshotBody(request);
  if (receiver.isRemoved(message.from)) {
    refuseUpload(request, response, 403, 'cannot process message from removed member');
    return;
  }
  if (message.to !== local.memberId) {
    refuseUpload(request, response, 412, 'to field mismatch');
    return;
  }
  await receiver.receiveSnapshot(message, chunks);
  parts.received(message.from, Number(request.headers['content-length'] ?? 0));
  response.statusCode = 204;
  response.end();
}

/** Lets the rest of the body pass, so that the sender, who stops when it reads this, can read it. */
function refuseUpload(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
): void {
  refuse(response, status, text);
  request.resume();
}

function stream(
  parts: RaftRouteParts,
  local: LocalMember,
  receiver: PeerReceiver,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (request.method !== 'GET') {
    refuseMethod(response, 'GET');
    return;
  }
  response.setHeader('X-Server-Version', SERVER_VERSION);
  if (!isCompatible(parts, local, request, response)) return;
  const [kindText = '', idText = '', ...rest] = path.slice('/raft/stream/'.length).split('/');
  const kind = kindText === 'msgapp' || kindText === 'message' ? kindText : undefined;
  const from = memberIdOf(idText);
  if (kind === undefined || rest.length > 0) refuse(response, 404, 'invalid path');
  else if (from === undefined) refuse(response, 404, 'invalid from');
  else if (receiver.isRemoved(from)) refuse(response, 410, 'removed member');
  else if (!isMeantFor(request.headers, local.memberId)) {
    refuse(response, 412, 'to field mismatch');
  } else serveStream(parts, from, kind, request, response);
}

function serveStream(
  { attach, introduce, logger, refusals }: RaftRouteParts,
  from: MemberId,
  kind: StreamKind,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const detach = attach(from, kind, response, hasOurSnapshots(request.headers));
  if (detach === undefined) {
    introduce(from, peerUrlsOf(request.headers));
    if (refusals.isDue(`unknown ${hexOf(from)}`)) {
      logger.log('warn', 'failed to find remote peer in cluster', { 'remote-peer-id-from': from });
    }
    refuse(response, 404, 'error sender not found');
    return;
  }
  logger.log('info', 'established TCP streaming connection with remote peer', {
    'stream-writer-type': kind,
    'remote-peer-id': from,
  });
  response.on('error', () => undefined);
  response.once('close', detach);
  response.flushHeaders();
}
