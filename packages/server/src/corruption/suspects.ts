/**
 * Whose store is not what it should be, from hashes: the three comparisons of etcd (semantics.md §11; v3.7.1 etcdserver/corrupt.go).
 * Pure functions; who asks whom, and what follows, is the checker's.
 */
import type { MemberId } from '../ids.js';
import type { PeerHashAnswer } from './peer-hash.js';
import type { StoreHash } from './store-hash.js';

export interface Suspect {
  readonly id: MemberId;
  readonly reason: string;
}

/** An alarm for this member is about the whole cluster: nobody knows who is right. */
const NOBODY = 0n as MemberId;

type PeerHash = Extract<PeerHashAnswer, { readonly type: 'hash' }>;

const answersOf = (peers: readonly PeerHashAnswer[]): readonly PeerHash[] =>
  peers.filter((peer) => peer.type === 'hash');

/** Members whose store differs from ours at our revision, against the same compaction. */
export function initialSuspects(
  own: StoreHash,
  peers: readonly PeerHashAnswer[],
): readonly Suspect[] {
  return answersOf(peers)
    .filter((peer) => peer.hash !== own.hash && peer.compactRevision === own.compactRevision)
    .map(({ id }) => ({ id, reason: 'found different hash values from remote peer' }));
}

/**
 * The first suspect of a leader's look at all members: `before` is its own hash, at the revision at which the others were asked;
 * `after` its own hash after a linearizable read.
 */
export function periodicSuspect(
  self: MemberId,
  before: StoreHash,
  after: StoreHash,
  peers: readonly PeerHashAnswer[],
): Suspect | undefined {
  const same =
    after.hashRevision === before.hashRevision && after.compactRevision === before.compactRevision;
  if (same && after.hash !== before.hash) return { id: self, reason: 'found hash mismatch' };
  for (const peer of answersOf(peers)) {
    const reason = whySuspect(before, after, peer);
    if (reason !== undefined) return { id: peer.id, reason };
  }
  return undefined;
}

function whySuspect(before: StoreHash, after: StoreHash, peer: PeerHash): string | undefined {
  if (peer.revision > after.revision) {
    return "revision from follower must be less than or equal to leader's";
  }
  if (peer.compactRevision > after.compactRevision) {
    return "compact revision from follower must be less than or equal to leader's";
  }
  if (peer.compactRevision === before.compactRevision && peer.hash !== before.hash) {
    return 'same compact revision then hashes must match';
  }
  return undefined;
}

/** What hashes of one compaction say. */
export type CompactionVerdict =
  /** All members have this hash. */
  | { readonly type: 'agreed' }
  /** No two members differ, but not all were heard: an older compaction may say more. */
  | { readonly type: 'undecided' }
  | { readonly type: 'differ'; readonly suspects: readonly Suspect[] };

/** Members whose hash is not that of a majority; member 0 when no hash has one. */
export function compactionVerdict(
  self: MemberId,
  own: Pick<StoreHash, 'hash' | 'compactRevision'>,
  peers: readonly PeerHashAnswer[],
): CompactionVerdict {
  const membersOf = new Map<number, MemberId[]>([[own.hash, [self]]]);
  let counted = 0;
  for (const peer of answersOf(peers)) {
    if (peer.compactRevision !== own.compactRevision) continue;
    counted += 1;
    const known = membersOf.get(peer.hash);
    if (known === undefined) membersOf.set(peer.hash, [peer.id]);
    else known.push(peer.id);
  }
  if (membersOf.size === 1) return { type: counted === peers.length ? 'agreed' : 'undecided' };
  const quorum = Math.floor((peers.length + 1) / 2) + 1;
  const groups = [...membersOf.values()];
  const reason = 'Detected compaction hash mismatch';
  if (!groups.some((ids) => ids.length >= quorum)) {
    return { type: 'differ', suspects: [{ id: NOBODY, reason }] };
  }
  const suspects = groups.filter((ids) => ids.length < quorum).flat();
  return { type: 'differ', suspects: suspects.map((id) => ({ id, reason })) };
}
