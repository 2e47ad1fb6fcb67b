/** The members of the cluster. */
import {
  MemberAddRequest,
  MemberListRequest,
  MemberPromoteRequest,
  MemberRemoveRequest,
  MemberUpdateRequest,
  clusterService,
  type Member as WireMember,
} from '@kv/proto/cluster';
import { KvError } from './errors.js';
import type { CallSettings, RawClient } from './raw.js';

export interface Member {
  readonly id: bigint;
  /** Empty until the member has started. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

export class ClusterClient {
  readonly #raw: RawClient;

  constructor(raw: RawClient) {
    this.#raw = raw;
  }

  async members(
    options: CallSettings & { readonly serializable?: boolean } = {},
  ): Promise<readonly Member[]> {
    const request = MemberListRequest.create({ linearizable: !(options.serializable ?? false) });
    const answer = await this.#raw.call(clusterService.memberList, request, options);
    return answer.members.map(memberFromWire);
  }

  /** Announces a member that is to be started then. A learner takes part without a vote until it is promoted. */
  async add(
    peerUrls: readonly string[],
    options: CallSettings & { readonly learner?: boolean } = {},
  ): Promise<Member> {
    const isLearner = options.learner ?? false;
    const request = MemberAddRequest.create({ peerURLs: [...peerUrls], isLearner });
    const { member } = await this.#raw.call(clusterService.memberAdd, request, options);
    if (member !== undefined) return memberFromWire(member);
    const message = 'the server added a member and did not say which';
    throw new KvError('protocol', message, { outcome: 'unknown' });
  }

  /** Makes a learner a voter. Fails with `learnerNotReady` until it has caught up. */
  async promote(id: bigint, settings: CallSettings = {}): Promise<void> {
    const request = MemberPromoteRequest.create({ ID: id });
    await this.#raw.call(clusterService.memberPromote, request, settings);
  }

  /** Other peer addresses for a member. */
  async update(
    id: bigint,
    peerUrls: readonly string[],
    settings: CallSettings = {},
  ): Promise<void> {
    const request = MemberUpdateRequest.create({ ID: id, peerURLs: [...peerUrls] });
    await this.#raw.call(clusterService.memberUpdate, request, settings);
  }

  /** For good: its identifier never comes back. */
  async remove(id: bigint, settings: CallSettings = {}): Promise<void> {
    const request = MemberRemoveRequest.create({ ID: id });
    await this.#raw.call(clusterService.memberRemove, request, settings);
  }
}

function memberFromWire({ ID, name, peerURLs, clientURLs, isLearner }: WireMember): Member {
  return { id: ID, name, peerUrls: peerURLs, clientUrls: clientURLs, isLearner };
}
