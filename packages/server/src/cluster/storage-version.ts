/** The version of what the store holds (bucket `meta`, key `storageVersion`): it follows the cluster's version (semantics.md §18.2). */
import type { ReadBuckets, WriteBuckets } from './membership.js';
import { textOf, utf8 } from '../wire/buffer.js';

const KEY = utf8('storageVersion');

/** What a cluster says before it knows its members' versions: no version to store data under. */
const UNDECIDED = '3.0.0';

export function setStorageVersion(clusterVersion: string, bucket: WriteBuckets): void {
  if (clusterVersion !== UNDECIDED) bucket('meta').put(KEY, utf8(clusterVersion));
}

/** `3.7.0`; undefined until one was stored. */
export function findStorageVersion(bucket: ReadBuckets): string | undefined {
  const stored = bucket('meta').get(KEY);
  return stored === undefined ? undefined : textOf(stored);
}
