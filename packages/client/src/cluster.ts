/** The members of the cluster. */
import { MemberListRequest, clusterService } from '@kv/proto/cluster';
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
    return answer.members.map(({ ID, name, peerURLs, clientURLs, isLearner }) => ({
      id: ID,
      name,
      peerUrls: peerURLs,
      clientUrls: clientURLs,
      isLearner,
    }));
  }
}
