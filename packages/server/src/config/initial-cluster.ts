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

const quoted = (urls: readonly string[]): string =>
  urls.map((url) => JSON.stringify(url)).join(' ');

/** Why the addresses of the local member differ in the two flags that tell them. */
function mismatch(listed: readonly string[], advertised: readonly string[]): string {
  if (listed.length !== advertised.length) {
    return `len([${quoted(advertised)}]) != len([${quoted(listed)}])`;
  }
  return `resolved urls: "${advertised.join(',')}" != "${listed.join(',')}"`;
}

/**
 * Why this member can not found its cluster. To be asked only when there is no log yet; later these settings are ignored.
 * Addresses are compared as written: looking up names matters to a cluster of several members only.
 */
export function bootstrapProblem(config: MemberConfig): string | undefined {
  const { name, initialCluster, initialAdvertisePeerUrls: advertised } = config;
  const self = initialCluster.find((member) => member.name === name);
  if (self === undefined) {
    return `couldn't find local name "${name}" in the initial cluster configuration`;
  }
  const all = initialCluster.flatMap((member) => member.peerUrls);
  if (new Set(all).size !== all.length) {
    const text = initialCluster.map((m) => initialClusterText(m.name, m.peerUrls)).join(',');
    return `initial cluster ${text} has duplicate url`;
  }
  const listed = self.peerUrls;
  const unadvertised = listed.filter((url) => !advertised.includes(url));
  if (unadvertised.length > 0) {
    const what = initialClusterText(name, unadvertised);
    return `--initial-cluster has ${what} but missing from --initial-advertise-peer-urls=${advertised.join(',')} (${mismatch(listed, advertised)})`;
  }
  const unlisted = advertised.filter((url) => !listed.includes(url));
  if (unlisted.length > 0) {
    const where = initialClusterText(name, listed);
    return `--initial-advertise-peer-urls has ${unlisted.join(',')} but missing from --initial-cluster=${where} (${mismatch(listed, advertised)})`;
  }
  return undefined;
}
