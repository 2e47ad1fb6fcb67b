/**
 * What the leader answers other members about leases (http.md §12.2; etcd v3.7.1 server/lease/leasehttp/http.go): renewals and
 * remaining times that their clients have asked them for.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { LeaseId } from '@kv/lease';
import { LeaseKeepAliveRequest, LeaseKeepAliveResponse } from '@kv/proto';
import { LeaseInternalRequest } from '@kv/proto/internal';
import { int64FromCounter } from '../grpc/int64.js';
import { RENEW_PATH, TIME_TO_LIVE_PATH, writeRemainingTime } from '../lease/lease-questions.js';
import type { Cancel, LeaseProblem, PrimaryAnswers } from '../lease/primary-answers.js';
import { collect } from './http-client.js';
import { LEASE_BODY_BYTES_MAX } from './limits.js';
import { refuse } from './refusal.js';

export const leasePaths: readonly string[] = [RENEW_PATH, TIME_TO_LIVE_PATH];

export type LeaseAuthority = Pick<PrimaryAnswers, 'renew' | 'timeToLive'>;

export function leaseRoutes(authority: LeaseAuthority): RequestListener {
  return (request, response) => {
    if (request.method !== 'POST') {
      refuse(response, 405, 'Method Not Allowed');
      return;
    }
    // A body that is too long is not read to its end: the connection goes with it.
    collect(request, LEASE_BODY_BYTES_MAX).then(
      (body) => {
        answer(authority, request, body, response);
      },
      () => {
        response.setHeader('Connection', 'close');
        refuse(response, 413, 'request body too large');
      },
    );
  };
}

function answer(
  authority: LeaseAuthority,
  request: IncomingMessage,
  body: Uint8Array,
  response: ServerResponse,
): void {
  try {
    const cancel =
      request.url === RENEW_PATH
        ? renew(authority, body, response)
        : timeToLive(authority, body, response);
    // Whoever asked has gone: nobody waits for the end of the lease any more.
    response.once('close', cancel);
  } catch {
    refuse(response, 400, 'error unmarshalling request');
  }
}

function renew(authority: LeaseAuthority, body: Uint8Array, response: ServerResponse): Cancel {
  const { ID } = LeaseKeepAliveRequest.decode(body);
  return authority.renew(ID as LeaseId, (result) => {
    if (result.type === 'notFound') notFound(response);
    else if (result.type === 'failed') fail(response, result.problem, 400);
    else {
      const TTL = int64FromCounter(result.value.ttlSeconds);
      send(response, LeaseKeepAliveResponse.encode({ header: undefined, ID, TTL }).finish());
    }
  });
}

function timeToLive(authority: LeaseAuthority, body: Uint8Array, response: ServerResponse): Cancel {
  const { LeaseTimeToLiveRequest: question } = LeaseInternalRequest.decode(body);
  const id = (question?.ID ?? 0n) as LeaseId;
  return authority.timeToLive(id, question?.keys ?? false, (result) => {
    if (result.type === 'notFound') notFound(response);
    else if (result.type === 'failed') fail(response, result.problem, 500);
    else send(response, writeRemainingTime(id, result.value));
  });
}

function send(response: ServerResponse, body: Uint8Array): void {
  response.setHeader('Content-Type', 'application/protobuf');
  response.end(body);
}

function notFound(response: ServerResponse): void {
  refuse(response, 404, 'lease not found');
}

/** The member that asked tries again, here or elsewhere, whatever the text. */
function fail(response: ServerResponse, problem: LeaseProblem, status: number): void {
  if (problem === 'waitAppliedIndexTimeout') {
    refuse(response, 408, 'waiting for node to catch up its applied index has timed out');
  } else refuse(response, status, 'not a primary lessor');
}
