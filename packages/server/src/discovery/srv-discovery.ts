/**
 * Founding members from DNS SRV records (daemon.md §11.2; etcd v3.7.1 client/pkg/srv/srv.go, server/embed/config.go
 * `GetDNSClusterNames`).
 */
import { isIP } from 'node:net';
import { errorOf, MemberError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { MemberConfig } from '../member-config.js';
import { parseInitialCluster } from '../config/initial-cluster.js';
import { parseGoUrl } from '../config/url-list.js';

export interface SrvRecord {
  /** The host; DNS servers give it a dot at its end. */
  readonly target: string;
  readonly port: number;
}

export interface Resolver {
  /** The records of `_service._tcp.domain`. Rejects when there are none. */
  srv(name: string): Promise<readonly SrvRecord[]>;
  /** The first address of a host, as an IP. Rejects when there is none. */
  resolve(host: string): Promise<string>;
}

export interface SrvDiscovery {
  readonly domain: string;
  /** Enters the names of the services: `-<suffix>`; empty for none. */
  readonly suffix: string;
}

interface Service {
  readonly name: string;
  readonly scheme: 'http' | 'https';
}

/** The founding members. Throws `bootstrap_failed` with the reason why there are none, or not this one among them. */
export async function discoverBySrv(
  { domain, suffix }: SrvDiscovery,
  config: Pick<MemberConfig, 'name' | 'initialAdvertisePeerUrls'>,
  resolver: Resolver,
  logger: Logger,
): Promise<MemberConfig['initialCluster']> {
  const tail = suffix === '' ? '' : `-${suffix}`;
  const services: readonly Service[] = [
    { name: `etcd-server-ssl${tail}`, scheme: 'https' },
    { name: `etcd-server${tail}`, scheme: 'http' },
  ];
  const found: string[] = [];
  const failures: string[] = [];
  for (const service of services) {
    const outcome = await lookUp(service, domain, config, resolver).catch(
      (error: unknown) =>
        `error querying DNS SRV records for _${service.name} ${errorOf(error).message}`,
    );
    logger.log(
      'info',
      `get cluster for ${service.name.slice(0, service.name.length - tail.length)} SRV`,
      {
        'service-scheme': service.scheme,
        'service-name': service.name,
        'discovery-srv': domain,
        'found-cluster': typeof outcome === 'string' ? [] : outcome,
      },
    );
    if (typeof outcome === 'string') failures.push(outcome);
    else found.push(...outcome);
  }
  if (failures.length > 0) {
    logger.log('warn', 'failed to resolve during SRV discovery', { error: failures.join('\n') });
  }
  if (found.length === 0) throw failed(failures.join('\n'));
  for (const node of found) logger.log('info', 'got bootstrap from DNS for etcd-server', { node });
  return foundersOf(found, config.name);
}

function foundersOf(found: readonly string[], name: string): MemberConfig['initialCluster'] {
  const members = parseInitialCluster(found.join(','));
  if (!members.ok) throw failed(members.reason);
  if (members.value.some((member) => member.name === name)) return members.value;
  throw failed(`cannot find local etcd member "${name}" in SRV records`);
}

/** `name=url` for each record. A record that is this member's is called by its name, others are counted. */
async function lookUp(
  { name: service, scheme }: Service,
  domain: string,
  { name, initialAdvertisePeerUrls }: Pick<MemberConfig, 'name' | 'initialAdvertisePeerUrls'>,
  resolver: Resolver,
): Promise<readonly string[]> {
  const own = new Map<string, string>();
  for (const url of initialAdvertisePeerUrls) own.set(await addressOf(url, resolver), url);
  const members: string[] = [];
  let problem: unknown;
  let unnamed = 0;
  for (const { target, port } of await resolver.srv(`_${service}._tcp.${domain}`)) {
    const host = target.replace(/\.$/, '');
    const url = `${scheme}://${host}:${port.toString()}`;
    try {
      const advertised = own.get(await addressOf(url, resolver));
      const called = advertised === undefined ? (unnamed++).toString() : name;
      if (advertised !== undefined && !advertised.startsWith(`${scheme}:`)) {
        problem = new Error(
          `bootstrap at ${url} from DNS for ${service} has scheme mismatch with expected peer ${advertised}`,
        );
      } else members.push(`${called}=${url}`);
    } catch (error) {
      problem = error;
    }
  }
  if (members.length === 0 && problem !== undefined) throw errorOf(problem);
  return members;
}

/** `ip:port`. */
async function addressOf(url: string, resolver: Resolver): Promise<string> {
  const parsed = parseGoUrl(url);
  const text = parsed.ok ? parsed.value.host : '';
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon).replace(/^\[|\]$/g, '');
  const ip = isIP(host) === 0 ? await resolver.resolve(host) : host;
  return `${ip}${text.slice(colon)}`;
}

function failed(message: string): MemberError {
  return new MemberError('bootstrap_failed', `error setting up initial cluster: ${message}`);
}
