/** Tells other members the hash of this one's store: `GET /members/hashkv` with a revision in JSON (http.md §12.2). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { hashRefusals, hashToJson } from '../corruption/peer-hash.js';
import type { StoreHasher } from '../corruption/store-hash.js';
import { errorOf } from '../errors.js';
import { hexOf } from '../grpc/int64.js';
import type { ClusterId } from '../ids.js';
import { HEADER_CLUSTER_ID } from './headers.js';
import { collect } from './http-client.js';
import { HASH_BODY_BYTES_MAX } from './limits.js';
import { refuse } from './refusal.js';

export function serveHash(
  hasher: StoreHasher,
  clusterId: ClusterId,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const asked = request.headers[HEADER_CLUSTER_ID];
  if (asked !== undefined && asked !== '' && asked !== hexOf(clusterId)) {
    refuse(response, 412, 'cluster ID mismatch');
    return;
  }
  answer(hasher, clusterId, request, response).catch((error: unknown) => {
    refuse(response, 400, errorOf(error).message);
  });
}

async function answer(
  hasher: StoreHasher,
  clusterId: ClusterId,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const revision = revisionIn((await collect(request, HASH_BODY_BYTES_MAX)).toString('utf8'));
  if (revision === undefined) {
    refuse(response, 400, 'error unmarshalling request');
    return;
  }
  const hash = await hasher.hashAt(revision);
  if (typeof hash === 'string') {
    refuse(response, 400, hashRefusals[hash]);
    return;
  }
  response.setHeader('X-Etcd-Cluster-ID', hexOf(clusterId));
  response.setHeader('Content-Type', 'application/json');
  response.end(hashToJson(hash));
}

/** 0 where the object names none; undefined when it is no such object. */
function revisionIn(text: string): number | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const fields: Readonly<Record<string, unknown>> = { ...parsed };
    const revision = fields['revision'] ?? 0;
    return Number.isSafeInteger(revision) ? Number(revision) : undefined;
  } catch {
    return undefined;
  }
}
