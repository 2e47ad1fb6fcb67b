/** How a member that was not told its cluster finds it: before it founds or joins anything, once (daemon.md §11). */
import type { Clock } from '../clock.js';
import { foundingMemberId } from '../cluster/identity.js';
import { initialClusterText } from '../config/initial-cluster.js';
import { MemberError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { MemberConfig } from '../member-config.js';
import type { TlsSettings } from '../transport/tls/tls-settings.js';
import { DiscoveryClient, type TokenDiscovery } from './discovery-client.js';
import { discoverBySrv, type Resolver, type SrvDiscovery } from './srv-discovery.js';
import { discoverByToken } from './token-discovery.js';

export type Discovery =
  /** The cluster is told by `--initial-cluster`. */
  | { readonly type: 'none' }
  | ({ readonly type: 'srv' } & SrvDiscovery)
  | ({ readonly type: 'token' } & TokenDiscovery);

/**
 * The name that certificates of members must be valid for, where SRV records have told of https addresses and no authority of the
 * operator's own vouches for them: whoever can change the records could name any host that has a certificate (etcd v3.7.1
 * server/embed/config.go `PeerURLsMapAndToken`). Undefined: the host of each address, as always.
 */
export function expectedServerName(
  discovery: Discovery,
  { initialCluster }: Pick<MemberConfig, 'initialCluster'>,
  { trustedCaFile }: Pick<TlsSettings, 'trustedCaFile'>,
): string | undefined {
  if (discovery.type !== 'srv' || trustedCaFile !== '') return undefined;
  const urls = initialCluster.flatMap(({ peerUrls }) => peerUrls);
  return urls.some((url) => url.startsWith('https:')) ? discovery.domain : undefined;
}

export interface DiscoverPorts {
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The configuration with its initial cluster. Throws `bootstrap_failed` or `discovery_failed`. */
export async function discover(
  config: MemberConfig,
  discovery: Discovery,
  ports: DiscoverPorts,
): Promise<MemberConfig> {
  switch (discovery.type) {
    case 'none':
      return config;
    case 'srv': {
      const initialCluster = await discoverBySrv(discovery, config, ports.resolver, ports.logger);
      return { ...config, initialCluster };
    }
    case 'token':
      return withToken(config, discovery, ports);
  }
}

async function withToken(
  config: MemberConfig,
  discovery: TokenDiscovery,
  { clock, logger }: DiscoverPorts,
): Promise<MemberConfig> {
  if (config.initialClusterState === 'existing') {
    throw new MemberError(
      'bootstrap_failed',
      'discovery URL should not be set when joining existing initial cluster',
    );
  }
  const { token } = discovery;
  const { name, initialAdvertisePeerUrls: urls } = config;
  const self = { id: foundingMemberId(urls, token), text: initialClusterText(name, urls) };
  const service = new DiscoveryClient(discovery, clock);
  try {
    const initialCluster = await discoverByToken(token, self, { service, clock, logger });
    return { ...config, initialCluster, initialClusterToken: token };
  } finally {
    service.close();
  }
}
