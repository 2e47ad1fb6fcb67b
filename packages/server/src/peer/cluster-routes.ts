/** What a member tells others about the cluster (http.md §12.2). */
import type { RequestListener, ServerResponse } from 'node:http';
import type { MemberRecord } from '../cluster/member-record.js';
import { PROMOTE_PATH, type Promotion } from '../cluster/promotion.js';
import { hexOf } from '../grpc/int64.js';
import { HASH_PATH } from '../corruption/peer-hash.js';
import type { StoreHasher } from '../corruption/store-hash.js';
import type { ClusterId } from '../ids.js';
import { serveHash } from './hash-route.js';
import { leasePaths, leaseRoutes, type LeaseAuthority } from './lease-routes.js';
import { sendMembers, servePromotion } from './promote-route.js';
import { refuse, refuseMethod } from './refusal.js';

/** A member, as far as other members ask it. */
export interface PeerApi {
  readonly clusterId: ClusterId;
  /** Until it is, only what is on its disk can be told: its members, and hashes. */
  isStarted(): boolean;
  readonly leases: LeaseAuthority;
  readonly promotion: Pick<Promotion, 'promote'>;
  readonly hasher: StoreHasher;
  /** Ascending by id. */
  members(): readonly MemberRecord[];
  /** As of now, cluster-wide. Rejects when that can not be told. */
  downgradeEnabled(): Promise<boolean>;
}

/** Answers `/members`, `/members/hashkv`, `/members/promote/<id>`, `/leases`, `/leases/internal` and `/downgrade/enabled`; 404 for everything else. */
export function clusterRoutes(api: PeerApi): RequestListener {
  const leases = leaseRoutes(api.leases);
  return (request, response) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    if (!api.isStarted() && path !== HASH_PATH && path !== '/members') {
      refuse(response, 503, 'this member is not ready');
    } else if (leasePaths.includes(path)) leases(request, response);
    else if (path.startsWith(PROMOTE_PATH)) {
      if (request.method !== 'POST') refuseMethod(response, 'POST');
      else {
        response.setHeader('X-Etcd-Cluster-ID', hexOf(api.clusterId));
        servePromotion(api.promotion, path, response);
      }
    } else if (path === HASH_PATH) {
      if (request.method !== 'GET') refuseMethod(response, 'GET');
      else serveHash(api.hasher, api.clusterId, request, response);
    } else if (path !== '/members' && path !== '/downgrade/enabled') {
      refuse(response, 404, '404 page not found');
    } else if (request.method !== 'GET') refuseMethod(response, 'GET');
    else if (path === '/members') {
      response.setHeader('X-Etcd-Cluster-ID', hexOf(api.clusterId));
      sendMembers(api.members(), response);
    } else sendDowngrade(api, response);
  };
}

function sendDowngrade(api: PeerApi, response: ServerResponse): void {
  response.setHeader('X-Etcd-Cluster-ID', hexOf(api.clusterId));
  api.downgradeEnabled().then(
    (enabled) => {
      response.setHeader('Content-Type', 'text/plain; charset=utf-8');
      response.end(String(enabled));
    },
    (error: unknown) => {
      refuse(response, 500, error instanceof Error ? error.message : String(error));
    },
  );
}
