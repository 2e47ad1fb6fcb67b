/** `etcdserverpb.Cluster` (rpc.md §8): who is a member, and changes of that. */
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
} from '@kv/proto';
import type { Member, ResponseHeader } from '@kv/proto';
import type { ConfChange } from '@kv/raft';
import type { Service, UnaryCall, UnaryHandler } from '@kv/rpc';
import type { Clock } from '../clock.js';
import { addedMemberId } from '../cluster/identity.js';
import { memberToJson, type MemberRecord } from '../cluster/member-record.js';
import type { Membership } from '../cluster/membership.js';
import type { Promotion } from '../cluster/promotion.js';
import type { Reconfiguration } from '../cluster/reconfiguration.js';
import { mayAdd, mayRemove, type StrictProblem, type StrictView } from '../cluster/strict-check.js';
import { parseEtcdUrl } from '../config/url-list.js';
import type { MemberId } from '../ids.js';
import type { Logger } from '../logger.js';
import type { Linearizable } from '../request/linearizable.js';
import { utf8 } from '../wire/buffer.js';
import { CallReader } from './call-waiter.js';
import type { ResponseHeaders } from './header.js';
import { hexOf } from './int64.js';
import { readRequest } from './request-bytes.js';
import { rpcErrorOf } from './status.js';

export interface ClusterServiceParts {
  readonly membership: Membership;
  readonly reconfiguration: Pick<Reconfiguration, 'propose'>;
  readonly promotion: Pick<Promotion, 'promote'>;
  /** What the strict check looks at, as of now; undefined when it is off. */
  readonly strictView: () => StrictView | undefined;
  readonly linearizable: Linearizable;
  readonly headers: ResponseHeaders;
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly logger: Logger;
  readonly wake: () => void;
}

/** What most answers hold. */
interface MembersAnswer {
  readonly header: ResponseHeader;
  readonly members: Member[];
}

const NO_CONTEXT: Uint8Array = new Uint8Array(0);
const NO_MEMBER: Omit<MemberRecord, 'id'> = {
  peerUrls: [],
  isLearner: false,
  name: '',
  clientUrls: [],
};

export class ClusterService {
  readonly service: Service;
  readonly #parts: ClusterServiceParts;

  constructor(parts: ClusterServiceParts) {
    this.#parts = parts;
    const unary = (
      handle: (call: UnaryCall) => void,
    ): { type: 'unary'; handler: UnaryHandler } => ({
      type: 'unary',
      handler: handle,
    });
    this.service = {
      name: 'etcdserverpb.Cluster',
      methods: {
        MemberList: unary((call) => {
          this.#list(call);
        }),
        MemberAdd: unary((call) => {
          this.#add(call);
        }),
        MemberRemove: unary((call) => {
          this.#remove(call);
        }),
        MemberUpdate: unary((call) => {
          this.#update(call);
        }),
        MemberPromote: unary((call) => {
          this.#promote(call);
        }),
      },
    };
  }

  #list(call: UnaryCall): void {
    const request = readRequest(call, () => MemberListRequest.decode(call.request));
    if (request === undefined) return;
    const answer = (): void => {
      call.reply(MemberListResponse.encode(this.#answer()).finish());
    };
    if (!request.linearizable) answer();
    else {
      this.#parts.linearizable.join(new CallReader(call, request, 0, answer));
      this.#parts.wake();
    }
  }

  #add(call: UnaryCall): void {
    const request = readRequest(call, () => MemberAddRequest.decode(call.request));
    if (request === undefined) return;
    const peerUrls = peerUrlsOf(request.peerURLs);
    if (peerUrls === undefined) {
      call.fail(rpcErrorOf('memberBadUrls'));
      return;
    }
    const { clock, strictView } = this.#parts;
    const { isLearner } = request;
    const view = strictView();
    const problem = view === undefined ? undefined : mayAdd(view, isLearner);
    if (problem !== undefined) {
      this.#refuse(call, problem, 'rejecting member add request', peerUrls.join(','));
      return;
    }
    const id = addedMemberId(peerUrls, Math.floor(clock.wallMs() / 1000));
    const record = { ...NO_MEMBER, id, peerUrls, isLearner };
    const type = isLearner ? 'addLearnerNode' : 'addNode';
    this.#change(call, { type, nodeId: id, context: utf8(memberToJson(record)) }, () => {
      const response = { ...this.#answer(), member: wireMemberOf(record) };
      return MemberAddResponse.encode(response).finish();
    });
  }

  #remove(call: UnaryCall): void {
    const request = readRequest(call, () => MemberRemoveRequest.decode(call.request));
    if (request === undefined) return;
    const id = request.ID as MemberId;
    const view = this.#parts.strictView();
    const problem = view === undefined ? undefined : mayRemove(view, id);
    if (problem !== undefined) {
      this.#refuse(call, problem, 'rejecting member remove request', hexOf(id));
      return;
    }
    this.#change(call, { type: 'removeNode', nodeId: id, context: NO_CONTEXT }, () =>
      MemberRemoveResponse.encode(this.#answer()).finish(),
    );
  }

  /** etcd does not look at the addresses, and can be broken by them; here they are checked as those of a new member. */
  #update(call: UnaryCall): void {
    const request = readRequest(call, () => MemberUpdateRequest.decode(call.request));
    if (request === undefined) return;
    if (peerUrlsOf(request.peerURLs) === undefined) {
      call.fail(rpcErrorOf('memberBadUrls'));
      return;
    }
    const id = request.ID as MemberId;
    const context = utf8(memberToJson({ ...NO_MEMBER, id, peerUrls: request.peerURLs }));
    this.#change(call, { type: 'updateNode', nodeId: id, context }, () =>
      MemberUpdateResponse.encode(this.#answer()).finish(),
    );
  }

  #promote(call: UnaryCall): void {
    const request = readRequest(call, () => MemberPromoteRequest.decode(call.request));
    if (request === undefined) return;
    const cancel = this.#parts.promotion.promote(request.ID as MemberId, {
      promoted: (members) => {
        call.reply(MemberPromoteResponse.encode(this.#answer(members)).finish());
      },
      failed: (failure) => {
        call.fail(rpcErrorOf(failure));
      },
    });
    call.onCancel(cancel);
  }

  #change(call: UnaryCall, change: Omit<ConfChange, 'id'>, response: () => Uint8Array): void {
    const cancel = this.#parts.reconfiguration.propose(change, {
      applied: () => {
        call.reply(response());
      },
      failed: (failure) => {
        call.fail(rpcErrorOf(failure));
      },
    });
    call.onCancel(cancel);
  }

  #refuse(call: UnaryCall, problem: StrictProblem, message: string, requested: string): void {
    const error = rpcErrorOf(problem);
    this.#parts.logger.log('warn', message, {
      'local-member-id': this.#parts.headers.memberId,
      requested,
      error: error.message,
    });
    call.fail(error);
  }

  /** Cluster methods show no revision. */
  #answer(members: readonly MemberRecord[] = this.#parts.membership.members()): MembersAnswer {
    return { header: this.#parts.headers.message(0), members: members.map(wireMemberOf) };
  }
}

/** Addresses of a new member as etcd stores them: trimmed, their scheme in lower case, sorted. Undefined for bad ones. */
function peerUrlsOf(texts: readonly string[]): readonly string[] | undefined {
  const urls: string[] = [];
  for (const text of texts) {
    const url = parseEtcdUrl(text.trim());
    if (!url.ok) return undefined;
    urls.push(url.value.text);
  }
  return urls.length === 0 ? undefined : urls.sort();
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
