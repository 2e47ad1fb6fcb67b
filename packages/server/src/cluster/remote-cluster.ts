/** What running members say of their cluster, asked by addresses (daemon.md §11.4; etcd v3.7.1 etcdserver/cluster_util.go). */
import { errorOf } from '../errors.js';
import { hexOf } from '../grpc/int64.js';
import type { ClusterId } from '../ids.js';
import type { Logger } from '../logger.js';
import type { BootstrapNetwork } from './bootstrap-network.js';
import { membersFromJson, type MemberRecord } from './member-record.js';

export interface RemoteCluster {
  readonly clusterId: ClusterId;
  /** Ascending by id; not empty. */
  readonly members: readonly MemberRecord[];
}

/** The cluster as the member at this address sees it. Throws with the reason when it does not say. */
export async function askCluster(
  network: Pick<BootstrapNetwork, 'get'>,
  url: string,
  timeoutMs: number,
): Promise<RemoteCluster> {
  const { status, clusterId, body } = await network.get(`${url}/members`, timeoutMs);
  const members = membersFromJson(body.toString('utf8'));
  if (status !== 200 || members === undefined) throw new Error(`${url} gives no list of members`);
  if (!/^[0-9a-f]{1,16}$/i.test(clusterId)) throw new Error(`${url} gives no id of its cluster`);
  if (members.length === 0) throw new Error(`${url} knows no members yet`);
  return {
    clusterId: BigInt(`0x${clusterId}`) as ClusterId,
    members: members.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  };
}

/**
 * Of the first member that knows of so many members; else of the first that says anything; undefined when none does. Others may lag
 * behind, and the change that they lack may be the very one that they wait for.
 */
export async function findCluster(
  network: Pick<BootstrapNetwork, 'get'>,
  urls: readonly string[],
  memberCount: number,
  timeoutMs: number,
  logger: Logger,
): Promise<RemoteCluster | undefined> {
  let first: RemoteCluster | undefined;
  for (const url of urls) {
    try {
      const cluster = await askCluster(network, url, timeoutMs);
      if (cluster.members.length === memberCount) return cluster;
      first ??= cluster;
    } catch (error) {
      const fields = { address: `${url}/members`, error: errorOf(error) };
      logger.log('warn', 'failed to get cluster response', fields);
    }
  }
  return first;
}

/** As etcd prints a cluster in errors. */
export function describeCluster({ clusterId, members }: RemoteCluster): string {
  const each = members.map(
    ({ id, peerUrls, isLearner, name, clientUrls }) =>
      `&{ID:${hexOf(id)} RaftAttributes:{PeerURLs:[${peerUrls.join(' ')}] IsLearner:${String(isLearner)}} ` +
      `Attributes:{Name:${name} ClientURLs:[${clientUrls.join(' ')}]}}`,
  );
  return `{ClusterID:${hexOf(clusterId)} Members:[${each.join(' ')}] RemovedMemberIDs:[]}`;
}
