/**
 * Identifiers of members and of the cluster, computed as etcd computes them, so that both kinds of member can found or
 * join the same cluster (etcd v3.7.1 server/etcdserver/api/membership/member.go, cluster.go `genID`).
 */
import { createHash } from 'node:crypto';
import type { ClusterId, MemberId } from '../ids.js';

/**
 * The id of a founding member: SHA-1 of its sorted peer URLs, joined without separator, and the token; the first 8 bytes.
 */
export function foundingMemberId(peerUrls: readonly string[], token: string): MemberId {
  const text = sortedByBytes(peerUrls).join('') + token;
  return firstEightBytes(createHash('sha1').update(text, 'utf8').digest()) as MemberId;
}

/** The id of a member that is added: as that of a founder, with the time in the place of the token. */
export function addedMemberId(peerUrls: readonly string[], unixSeconds: number): MemberId {
  return foundingMemberId(peerUrls, unixSeconds.toFixed(0));
}

/** The id of a cluster: SHA-1 of the ids of its founders, ascending, 8 bytes each. */
export function clusterIdOf(founders: readonly MemberId[]): ClusterId {
  const ascending = founders.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const bytes = Buffer.alloc(ascending.length * 8);
  ascending.forEach((id, n) => bytes.writeBigUInt64BE(id, n * 8));
  return firstEightBytes(createHash('sha1').update(bytes).digest()) as ClusterId;
}

/** Go sorts strings by their bytes, JavaScript by UTF-16 units: equal for the ASCII that URLs are made of, but stated. */
function sortedByBytes(urls: readonly string[]): readonly string[] {
  return urls.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function firstEightBytes(digest: Buffer): bigint {
  return digest.readBigUInt64BE(0);
}
