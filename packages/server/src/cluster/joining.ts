/**
 * How a member that was added joins a running cluster: it learns from the others who it is, and begins with an empty log
 * (daemon.md §11.4; etcd v3.7.1 etcdserver/bootstrap.go `bootstrapExistingClusterNoWAL`).
 */
import { bootstrapProblem } from '../config/initial-cluster.js';
import { MemberError } from '../errors.js';
import { hexOf } from '../grpc/int64.js';
import type { MemberConfig } from '../member-config.js';
import type { BootstrapPorts } from './bootstrap.js';
import type { Identity } from './founding.js';
import type { MemberRecord } from './member-record.js';
import { describeCluster, findCluster, type RemoteCluster } from './remote-cluster.js';
import { findDifference } from './same-urls.js';
import { isCompatible } from './version-window.js';

/** etcd's bound for one address. */
const ASK_MS_MAX = 10_000;

export interface Joining extends Identity {
  /** The members that there are, this one left out: they are listened to before the log says who they are. */
  readonly others: readonly MemberRecord[];
}

/** Throws `bootstrap_failed` with the reason why this member can not join. */
export async function joinCluster(config: MemberConfig, ports: BootstrapPorts): Promise<Joining> {
  const problem = bootstrapProblem(config, undefined);
  if (problem !== undefined) throw failed(problem);
  const { initialCluster, name, maxLearners, requestTimeoutMs } = config;
  const urls = initialCluster.filter((member) => member.name !== name).flatMap((m) => m.peerUrls);
  const { network, logger } = ports;
  const count = initialCluster.length;
  const cluster = await findCluster(network, urls.toSorted(), count, ASK_MS_MAX, logger);
  if (cluster === undefined) {
    throw failed(
      'cannot fetch cluster info from peer urls: could not retrieve cluster information from the given URLs',
    );
  }
  const own = await findOwn(config, cluster, ports);
  const others = cluster.members.filter(({ id }) => id !== own.id);
  if (!(await isCompatible(others, requestTimeoutMs, ports))) {
    throw failed('incompatible with current running cluster');
  }
  if (cluster.members.filter(({ isLearner }) => isLearner).length > maxLearners) {
    throw failed('membership: too many learner members in cluster');
  }
  logger.log('info', 'joining a running cluster', {
    'local-member-id': own.id,
    'cluster-id': hexOf(cluster.clusterId),
  });
  return { memberId: own.id, clusterId: cluster.clusterId, others };
}

/** This member, among those of the cluster. The members must be those of the configuration, one to one, by their addresses. */
async function findOwn(
  { initialCluster, name }: MemberConfig,
  cluster: RemoteCluster,
  ports: BootstrapPorts,
): Promise<MemberRecord> {
  const fail = (why: string): MemberError =>
    failed(`error validating peerURLs ${describeCluster(cluster)}: ${why}`);
  if (cluster.members.length !== initialCluster.length) throw fail('member count is unequal');
  let own: MemberRecord | undefined;
  for (const member of cluster.members) {
    const found = await match(member, initialCluster, ports);
    if (typeof found === 'string') {
      const who = `(${hexOf(member.id)}, [${member.peerUrls.join(' ')}])`;
      throw fail(
        `PeerURLs: no match found for existing member ${who}, last resolver error (${found})`,
      );
    }
    if (found.name === name) own = member;
  }
  // Two members would have to match one and the same entry.
  if (own === undefined) throw fail(`no member has the peer URLs of "${name}"`);
  return own;
}

/** The entry of the configuration with the addresses of this member; else how the last one differs. */
async function match(
  { peerUrls }: MemberRecord,
  initialCluster: MemberConfig['initialCluster'],
  ports: BootstrapPorts,
): Promise<MemberConfig['initialCluster'][number] | string> {
  const sorted = initialCluster.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  let difference = '';
  for (const candidate of sorted) {
    if (candidate.peerUrls.toSorted().join() === peerUrls.toSorted().join()) return candidate;
  }
  for (const candidate of sorted) {
    const found = await findDifference(peerUrls, candidate.peerUrls, ports);
    if (found === undefined) return candidate;
    difference = found;
  }
  return difference;
}

function failed(message: string): MemberError {
  return new MemberError('bootstrap_failed', message);
}
