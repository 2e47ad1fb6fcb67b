/** The founding members: how `--initial-cluster` is written, and what must hold before a member founds anything (daemon.md §11). */
import type { InitialMember, MemberConfig } from '../member-config.js';
import { parsed, refused } from './go-values.js';
import type { Parsed } from './go-values.js';
import { parseEtcdUrl } from './url-list.js';

/** `name=url` pairs; a name may come several times. Empty items are skipped, and so are items without `=` but for their error. */
export function parseInitialCluster(text: string): Parsed<readonly InitialMember[]> {
  const members = new Map<string, string[]>();
  for (const item of text.split(',').map((part) => part.trim())) {
    if (item === '') continue;
    const equals = item.indexOf('=');
    const name = equals < 0 ? item : item.slice(0, equals);
    const url = parseEtcdUrl(equals < 0 ? '' : item.slice(equals + 1).trim());
    if (!url.ok) return refused(url.reason);
    members.set(name, [...(members.get(name) ?? []), url.value.text]);
  }
  return parsed(Array.from(members, ([name, peerUrls]) => ({ name, peerUrls: peerUrls.sort() })));
}

/** `name=url,name=url`, as etcd prints a cluster. */
export const initialClusterText = (name: string, urls: readonly string[]): string =>
  urls.map((url) => `${name}=${url}`).join(',');

const clusterText = (members: readonly InitialMember[]): string =>
  members.map((member) => initialClusterText(member.name, member.peerUrls)).join(',');

/**
 * Why this member can not begin. To be asked only when there is no log yet; later these settings are ignored. `difference`: how
 * the addresses that the member advertises differ from those that the cluster lists for it; undefined when they are the same, or
 * when that does not matter, as for a member that joins.
 */
export function bootstrapProblem(
  config: MemberConfig,
  difference: string | undefined,
): string | undefined {
  const { name, initialCluster } = config;
  const self = initialCluster.find((member) => member.name === name);
  if (self === undefined) {
    return `couldn't find local name "${name}" in the initial cluster configuration`;
  }
  if (difference !== undefined) {
    return advertiseProblem(name, config.initialAdvertisePeerUrls, self.peerUrls, difference);
  }
  const all = initialCluster.flatMap((member) => member.peerUrls);
  return new Set(all).size === all.length
    ? undefined
    : `initial cluster ${clusterText(initialCluster)} has duplicate url`;
}

function advertiseProblem(
  name: string,
  advertised: readonly string[],
  listed: readonly string[],
  difference: string,
): string {
  const flag = `--initial-advertise-peer-urls=${advertised.join(',')}`;
  const unadvertised = listed.filter((url) => !advertised.includes(url));
  if (unadvertised.length > 0) {
    const what = initialClusterText(name, unadvertised);
    return `--initial-cluster has ${what} but missing from ${flag} (${difference})`;
  }
  const unlisted = advertised.filter((url) => !listed.includes(url));
  if (unlisted.length > 0) {
    const where = initialClusterText(name, advertised);
    return `--initial-advertise-peer-urls has ${unlisted.join(',')} but missing from --initial-cluster=${where}`;
  }
  const where = initialClusterText(name, advertised);
  return `failed to resolve ${advertised.join(',')} to match --initial-cluster=${where} (${difference})`;
}
