/** The service of membership: its messages and its methods. */
import {
  MemberAddRequest,
  MemberAddResponse,
  MemberListRequest,
  MemberListResponse,
  MemberPromoteRequest,
  MemberPromoteResponse,
  MemberRemoveRequest,
  MemberRemoveResponse,
  MemberUpdateRequest,
  MemberUpdateResponse,
} from './gen/etcdserverpb/cluster.js';
import { method } from './method.js';
import type { UnaryMethod } from './method.js';

export {
  Member,
  MemberAddRequest,
  MemberAddResponse,
  MemberListRequest,
  MemberListResponse,
  MemberPromoteRequest,
  MemberPromoteResponse,
  MemberRemoveRequest,
  MemberRemoveResponse,
  MemberUpdateRequest,
  MemberUpdateResponse,
} from './gen/etcdserverpb/cluster.js';
export { ResponseHeader } from './gen/etcdserverpb/header.js';

const name = 'etcdserverpb.Cluster';

/** The methods of `etcdserverpb.Cluster`. */
export const clusterService: {
  /** Adds a voting member or a learner. */
  readonly memberAdd: UnaryMethod<MemberAddRequest, MemberAddResponse>;
  /** Removes a member for good. */
  readonly memberRemove: UnaryMethod<MemberRemoveRequest, MemberRemoveResponse>;
  /** Changes peer URLs. */
  readonly memberUpdate: UnaryMethod<MemberUpdateRequest, MemberUpdateResponse>;
  /** Lists members. */
  readonly memberList: UnaryMethod<MemberListRequest, MemberListResponse>;
  /** Makes a learner a voting member. */
  readonly memberPromote: UnaryMethod<MemberPromoteRequest, MemberPromoteResponse>;
} = {
  memberAdd: method('unary', name, 'MemberAdd', MemberAddRequest, MemberAddResponse),
  memberRemove: method('unary', name, 'MemberRemove', MemberRemoveRequest, MemberRemoveResponse),
  memberUpdate: method('unary', name, 'MemberUpdate', MemberUpdateRequest, MemberUpdateResponse),
  memberList: method('unary', name, 'MemberList', MemberListRequest, MemberListResponse),
  memberPromote: method(
    'unary',
    name,
    'MemberPromote',
    MemberPromoteRequest,
    MemberPromoteResponse,
  ),
};
