/** The service of elections: its messages and its methods. */
import {
  CampaignRequest,
  CampaignResponse,
  LeaderRequest,
  LeaderResponse,
  ProclaimRequest,
  ProclaimResponse,
  ResignRequest,
  ResignResponse,
} from './gen/v3electionpb/election.js';
import { method } from './method.js';
import type { ServerStreamMethod, UnaryMethod } from './method.js';

export {
  CampaignRequest,
  CampaignResponse,
  LeaderKey,
  LeaderRequest,
  LeaderResponse,
  ProclaimRequest,
  ProclaimResponse,
  ResignRequest,
  ResignResponse,
} from './gen/v3electionpb/election.js';
export { ResponseHeader } from './gen/etcdserverpb/header.js';
export { KeyValue } from './gen/mvccpb/kv.js';

const name = 'v3electionpb.Election';

/** The methods of `v3electionpb.Election`. */
export const electionService: {
  /** Answers when elected. */
  readonly campaign: UnaryMethod<CampaignRequest, CampaignResponse>;
  /** Changes the value of the leader. */
  readonly proclaim: UnaryMethod<ProclaimRequest, ProclaimResponse>;
  /** Who leads now. */
  readonly leader: UnaryMethod<LeaderRequest, LeaderResponse>;
  /** Who leads, now and after each change. */
  readonly observe: ServerStreamMethod<LeaderRequest, LeaderResponse>;
  /** Gives leadership up. */
  readonly resign: UnaryMethod<ResignRequest, ResignResponse>;
} = {
  campaign: method('unary', name, 'Campaign', CampaignRequest, CampaignResponse),
  proclaim: method('unary', name, 'Proclaim', ProclaimRequest, ProclaimResponse),
  leader: method('unary', name, 'Leader', LeaderRequest, LeaderResponse),
  observe: method('serverStream', name, 'Observe', LeaderRequest, LeaderResponse),
  resign: method('unary', name, 'Resign', ResignRequest, ResignResponse),
};
