/**
 * How a cluster begins: every founder computes the same identifiers and writes the same first entries, one addition per
 * founder (etcd v3.7.1 server/etcdserver/bootstrap.go). What is written here is a log like any other; after that every
 * start is a restart.
 */
import { Metadata } from '@kv/proto/internal';
import { toIndex, toTerm, NONE } from '@kv/raft';
import type { Entry, HardState } from '@kv/raft';
import { encodeConfChange } from '@kv/raft/codec';
import { MemberError } from '../errors.js';
import type { ClusterId, MemberId } from '../ids.js';
import { hexOf } from '../grpc/int64.js';
import type { MemberConfig } from '../member-config.js';
import { utf8 } from '../wire/buffer.js';
import { clusterIdOf, foundingMemberId } from './identity.js';
import { memberToJson, type MemberRecord } from './member-record.js';

export interface Identity {
  readonly memberId: MemberId;
  readonly clusterId: ClusterId;
}

export interface Founding extends Identity {
  readonly entries: readonly Entry[];
  readonly hardState: HardState;
}

const FIRST_TERM = toTerm(1);

/** Ids and first entries from the configuration. Throws `config_mismatch` when it contradicts itself. */
export function foundingOf(config: MemberConfig): Founding {
  const { initialCluster, initialClusterToken: token } = config;
  const own = initialCluster.find((member) => member.name === config.name);
  if (own === undefined) {
    throw new MemberError(
      'config_mismatch',
      `couldn't find local name "${config.name}" in the initial cluster configuration`,
    );
  }
  const founders = initialCluster.map(({ name, peerUrls }): MemberRecord => ({
    id: foundingMemberId(peerUrls, token),
    peerUrls: peerUrls.toSorted(),
    isLearner: false,
    name,
    clientUrls: [],
  }));
  const ascending = founders.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  for (const [n, member] of ascending.entries()) {
    if (member.id === ascending[n + 1]?.id) {
      throw new MemberError(
        'config_mismatch',
        `members "${member.name}" and "${ascending[n + 1]?.name ?? ''}" have the same peer URLs`,
      );
    }
  }
  const entries = ascending.map((member, n): Entry => ({
    term: FIRST_TERM,
    index: toIndex(n + 1),
    type: 'confChange',
    data: encodeConfChange({
      id: 0n,
      type: 'addNode',
      nodeId: member.id,
      context: utf8(memberToJson(member)),
    }),
  }));
  return {
    memberId: foundingMemberId(own.peerUrls, token),
    clusterId: clusterIdOf(ascending.map((member) => member.id)),
    entries,
    hardState: { term: FIRST_TERM, vote: NONE, commit: toIndex(entries.length) },
  };
}

/** What each segment of the log begins with: whose log this is. */
export function encodeIdentity({ memberId, clusterId }: Identity): Uint8Array {
  return Metadata.encode({ NodeID: memberId, ClusterID: clusterId }).finish();
}

export function decodeIdentity(metadata: Uint8Array): Identity {
  const { NodeID, ClusterID } = Metadata.decode(metadata);
  return { memberId: (NodeID ?? 0n) as MemberId, clusterId: (ClusterID ?? 0n) as ClusterId };
}

/** The log may be older than a change of configuration: what is on disk wins, and a difference is worth a line. */
export function describeIdentity({ memberId, clusterId }: Identity): string {
  return `member ${hexOf(memberId)} of cluster ${hexOf(clusterId)}`;
}
