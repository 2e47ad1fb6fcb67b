/**
 * `etcdserverpb.Cluster` (rpc.md §8). Reading works; changing the membership needs members that talk to each other, which comes
 * later: those methods say so.
 */
import { MemberListRequest, MemberListResponse } from '@kv/proto';
import type { Member } from '@kv/proto';
import type { Service, UnaryCall, UnaryHandler } from '@kv/rpc';
import type { Membership } from '../cluster/membership.js';
import type { MemberRecord } from '../cluster/member-record.js';
import type { Linearizable } from '../request/linearizable.js';
import { CallReader } from './call-waiter.js';
import type { ResponseHeaders } from './header.js';
import { readRequest } from './request-bytes.js';
import { unimplemented } from './status.js';

export interface ClusterServiceParts {
  readonly membership: Membership;
  readonly linearizable: Linearizable;
  readonly headers: ResponseHeaders;
  readonly wake: () => void;
}

export function clusterService(parts: ClusterServiceParts): Service {
  const { membership, linearizable, headers, wake } = parts;

  const answer = (call: UnaryCall): void => {
    const members = membership.members().map(wireMemberOf);
    // Cluster methods show no revision.
    call.reply(MemberListResponse.encode({ header: headers.message(0), members }).finish());
  };

  const memberList = (call: UnaryCall): void => {
    const request = readRequest(call, () => MemberListRequest.decode(call.request));
    if (request === undefined) return;
    if (!request.linearizable) answer(call);
    else {
      linearizable.join(new CallReader(call, request, 0, answer));
      wake();
    }
  };

  return {
    name: 'etcdserverpb.Cluster',
    methods: {
      MemberList: { type: 'unary', handler: memberList },
      MemberAdd: { type: 'unary', handler: notYet('MemberAdd') },
      MemberRemove: { type: 'unary', handler: notYet('MemberRemove') },
      MemberUpdate: { type: 'unary', handler: notYet('MemberUpdate') },
      MemberPromote: { type: 'unary', handler: notYet('MemberPromote') },
    },
  };
}

function notYet(method: string): UnaryHandler {
  return (call) => {
    call.fail(unimplemented(method));
  };
}

function wireMemberOf(member: MemberRecord): Member {
  return {
    ID: member.id,
    name: member.name,
    peerURLs: [...member.peerUrls],
    clientURLs: [...member.clientUrls],
    isLearner: member.isLearner,
  };
}
