/** The service of leases: its messages and its methods. */
import {
  LeaseGrantRequest,
  LeaseGrantResponse,
  LeaseKeepAliveRequest,
  LeaseKeepAliveResponse,
  LeaseLeasesRequest,
  LeaseLeasesResponse,
  LeaseRevokeRequest,
  LeaseRevokeResponse,
  LeaseTimeToLiveRequest,
  LeaseTimeToLiveResponse,
} from './gen/etcdserverpb/lease.js';
import { method } from './method.js';
import type { BidiMethod, UnaryMethod } from './method.js';

export {
  LeaseGrantRequest,
  LeaseGrantResponse,
  LeaseKeepAliveRequest,
  LeaseKeepAliveResponse,
  LeaseLeasesRequest,
  LeaseLeasesResponse,
  LeaseRevokeRequest,
  LeaseRevokeResponse,
  LeaseStatus,
  LeaseTimeToLiveRequest,
  LeaseTimeToLiveResponse,
} from './gen/etcdserverpb/lease.js';
export { ResponseHeader } from './gen/etcdserverpb/header.js';

const name = 'etcdserverpb.Lease';

/** The methods of `etcdserverpb.Lease`. */
export const leaseService: {
  /** Makes a lease. */
  readonly leaseGrant: UnaryMethod<LeaseGrantRequest, LeaseGrantResponse>;
  /** Ends a lease and deletes its keys. */
  readonly leaseRevoke: UnaryMethod<LeaseRevokeRequest, LeaseRevokeResponse>;
  /** Renews leases; one answer per request, in order. */
  readonly leaseKeepAlive: BidiMethod<LeaseKeepAliveRequest, LeaseKeepAliveResponse>;
  /** Shows one lease. */
  readonly leaseTimeToLive: UnaryMethod<LeaseTimeToLiveRequest, LeaseTimeToLiveResponse>;
  /** Lists leases. */
  readonly leaseLeases: UnaryMethod<LeaseLeasesRequest, LeaseLeasesResponse>;
} = {
  leaseGrant: method('unary', name, 'LeaseGrant', LeaseGrantRequest, LeaseGrantResponse),
  leaseRevoke: method('unary', name, 'LeaseRevoke', LeaseRevokeRequest, LeaseRevokeResponse),
  leaseKeepAlive: method(
    'bidi',
    name,
    'LeaseKeepAlive',
    LeaseKeepAliveRequest,
    LeaseKeepAliveResponse,
  ),
  leaseTimeToLive: method(
    'unary',
    name,
    'LeaseTimeToLive',
    LeaseTimeToLiveRequest,
    LeaseTimeToLiveResponse,
  ),
  leaseLeases: method('unary', name, 'LeaseLeases', LeaseLeasesRequest, LeaseLeasesResponse),
};
