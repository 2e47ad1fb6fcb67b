/** Who speaks to whom, in the headers of every request between members, and the checks of it (http.md §12.1, §12.3). */
import type { ClusterId, MemberId } from '../ids.js';
import { hexOf } from '../grpc/int64.js';
import { SERVER_VERSION } from '../version.js';
import type { LocalMember } from './transport.js';

/** The lowest version of a cluster that this program can be part of. */
const CLUSTER_VERSION_MIN = '3.0.0';
/** What a peer is that does not say its version: etcd 2.0. */
const VERSION_UNSAID = '2.0.0';

export const HEADER_CLUSTER_ID = 'x-etcd-cluster-id';
export const HEADER_VERSION = 'x-server-version';
const HEADER_FROM = 'x-server-from';
const HEADER_CLUSTER_VERSION_MIN = 'x-min-cluster-version';
const HEADER_PEER_URLS = 'x-peerurls';
const HEADER_TO = 'x-raft-to';
/**
 * What a member's snapshots are, and which it takes: `sqlite-1`. Members of etcd send no such header; theirs hold a bbolt
 * database, which is of no use here, and the other way round.
 */
export const HEADER_SNAPSHOT = 'x-kv-snapshot';
export const SNAPSHOT_KIND = 'sqlite-1';

/** As node:http gives them: lower-case names; several values of one name are joined by it. */
export type ReceivedHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export function headersOf(local: LocalMember, to?: MemberId): Readonly<Record<string, string>> {
  return {
    [HEADER_FROM]: hexOf(local.memberId),
    [HEADER_VERSION]: SERVER_VERSION,
    [HEADER_CLUSTER_VERSION_MIN]: CLUSTER_VERSION_MIN,
    [HEADER_CLUSTER_ID]: hexOf(local.clusterId),
    [HEADER_PEER_URLS]: local.peerUrls.join(','),
    [HEADER_SNAPSHOT]: SNAPSHOT_KIND,
    ...(to === undefined ? {} : { [HEADER_TO]: hexOf(to) }),
  };
}

/** What to do about a member of another cluster at the address of one of this cluster. */
export const CLUSTER_ID_HINT: string =
  'the two were founded with different --initial-cluster or --initial-cluster-token, or one of them has the data directory of ' +
  'another cluster: give both the same flags, and the one that is wrong an empty data directory';

/** In the words that etcd puts on the wire: members of both kinds compare them. */
export type Incompatibility = 'cluster ID mismatch' | 'incompatible version';

/** Why a request is refused before anything else is looked at. Versions first, as etcd does. */
export function findIncompatibility(
  headers: ReceivedHeaders,
  clusterId: ClusterId,
): Incompatibility | undefined {
  const version = majorMinorOf(textOf(headers, HEADER_VERSION));
  const lowest = majorMinorOf(textOf(headers, HEADER_CLUSTER_VERSION_MIN));
  if (version === undefined || lowest === undefined) return 'incompatible version';
  if (isBelow(version, [3, 0]) || isBelow(majorMinorOf(SERVER_VERSION) ?? [0, 0], lowest)) {
    return 'incompatible version';
  }
  return textOf(headers, HEADER_CLUSTER_ID) === hexOf(clusterId)
    ? undefined
    : 'cluster ID mismatch';
}

/** Where a member says that it is reached, for whoever does not know it yet. */
export function peerUrlsOf(headers: ReceivedHeaders): readonly string[] {
  return textOf(headers, HEADER_PEER_URLS)
    .split(',')
    .filter((url) => url !== '');
}

/** Whether a stream is meant for this member: an address may have been given to another one. */
export function isMeantFor(headers: ReceivedHeaders, memberId: MemberId): boolean {
  return textOf(headers, HEADER_TO) === hexOf(memberId);
}

/** Whether who sent these sends and takes snapshots of our kind. */
export function hasOurSnapshots(headers: ReceivedHeaders): boolean {
  return textOf(headers, HEADER_SNAPSHOT) === SNAPSHOT_KIND;
}

/** The id at the end of a path: lower- or upper-case hex, at most 64 bits. */
export function memberIdOf(text: string): MemberId | undefined {
  return /^[0-9a-fA-F]{1,16}$/.test(text) ? (BigInt(`0x${text}`) as MemberId) : undefined;
}

function textOf(headers: ReceivedHeaders, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
}

type MajorMinor = readonly [number, number];

function majorMinorOf(text: string): MajorMinor | undefined {
  const [, major, minor] =
    /^(\d{1,9})\.(\d{1,9})\.\d/.exec(text === '' ? VERSION_UNSAID : text) ?? [];
  return major === undefined || minor === undefined ? undefined : [Number(major), Number(minor)];
}

function isBelow([major, minor]: MajorMinor, [otherMajor, otherMinor]: MajorMinor): boolean {
  return major < otherMajor || (major === otherMajor && minor < otherMinor);
}
