/**
 * What a member without a log begins with: it founds a cluster, or joins one (daemon.md §11; etcd v3.7.1
 * etcdserver/bootstrap.go). Asked once in the life of a data directory.
 */
import type { Clock } from '../clock.js';
import { bootstrapProblem } from '../config/initial-cluster.js';
import { MemberError } from '../errors.js';
import { hexOf } from '../grpc/int64.js';
import type { Logger } from '../logger.js';
import type { MemberId } from '../ids.js';
import type { MemberConfig } from '../member-config.js';
import type { BootstrapNetwork } from './bootstrap-network.js';
import { foundingOf, type Founding } from './founding.js';
import { joinCluster, type Joining } from './joining.js';
import { askCluster, type RemoteCluster } from './remote-cluster.js';
import { findDifference } from './same-urls.js';

export interface BootstrapPorts {
  readonly network: BootstrapNetwork;
  readonly clock: Clock;
  readonly logger: Logger;
}

export type Bootstrap =
  | { readonly type: 'founding'; readonly founding: Founding }
  | { readonly type: 'joining'; readonly joining: Joining };

/** etcd's default for one address; here they are asked at the same time. */
const PROBE_MS_MAX = 1000;

/** Throws `bootstrap_failed` or `config_mismatch` with the reason why this member can not begin. */
export async function bootstrap(config: MemberConfig, ports: BootstrapPorts): Promise<Bootstrap> {
  if (config.initialClusterState === 'existing') {
    return { type: 'joining', joining: await joinCluster(config, ports) };
  }
  const listed = config.initialCluster.find(({ name }) => name === config.name)?.peerUrls ?? [];
  const advertised = config.initialAdvertisePeerUrls;
  const difference = await findDifference(advertised, listed, ports);
  const problem = bootstrapProblem(config, difference);
  if (problem !== undefined) throw new MemberError('bootstrap_failed', problem);
  const founding = foundingOf(config);
  await refuseSecondFounding(config, founding, ports);
  return { type: 'founding', founding };
}

/**
 * A founder that has lost its disk has forgotten its votes: were it to found again, a quorum could forget what it has
 * acknowledged. The others know it by the client URLs that it has published.
 */
async function refuseSecondFounding(
  { initialCluster, name, initialAdvertisePeerUrls }: MemberConfig,
  { memberId }: Founding,
  { network }: BootstrapPorts,
): Promise<void> {
  const urls = initialCluster.filter((member) => member.name !== name).flatMap((m) => m.peerUrls);
  const answers = await Promise.allSettled(
    urls.map((url) => askCluster(network, url, PROBE_MS_MAX)),
  );
  const clusters = answers.flatMap((answer) =>
    answer.status === 'fulfilled' ? [answer.value] : [],
  );
  const known = clusters
    .flatMap(({ members }) => members)
    .some(({ id, clientUrls }) => id === memberId && clientUrls.length > 0);
  if (known) {
    const text = `member ${hexOf(memberId)} has already been bootstrapped`;
    throw new MemberError('bootstrap_failed', text);
  }
  refuseAdded(initialAdvertisePeerUrls, memberId, clusters);
}

/**
 * The commonest mistake: a member was added to a running cluster, and is started as a founder. etcd founds another cluster then, whose
 * members never get to talk to those of the first, and leaves a data directory that has to be removed.
 */
function refuseAdded(
  ownUrls: readonly string[],
  foundingId: MemberId,
  clusters: readonly RemoteCluster[],
): void {
  const own = ownUrls.toSorted().join();
  for (const { clusterId, members } of clusters) {
    // Who was added and has never run has no name yet.
    const added = members.find(
      ({ id, name, peerUrls }) =>
        name === '' && id !== foundingId && peerUrls.toSorted().join() === own,
    );
    if (added === undefined) continue;
    throw new MemberError(
      'bootstrap_failed',
      `member ${hexOf(added.id)} with the peer URLs ${own} was added to the running cluster ${hexOf(clusterId)}, but ` +
        '--initial-cluster-state is "new": start it with --initial-cluster-state=existing',
    );
  }
}
