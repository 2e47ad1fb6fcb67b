/**
 * A leader whose process is gone, or that was removed from the cluster, is replaced at once, not after an election timeout: its
 * followers forget it, so that they grant pre-votes, and stand for election one after the other.
 *
 * ```
 *   refused, removed ──▶ a turn of the loop: forget ──▶ rank x heartbeat interval ──▶ a turn: campaign, if still without a leader in this term
 * ```
 *
 * The last one who hears of the loss finds that all others have forgotten the leader, too: so one of the campaigns succeeds, in
 * whatever order they hear of it. Each is repeated once, for those who have heard of it just afterwards; who hears that another one
 * stands waits for a heartbeat interval more, so that they do not split the vote.
 *
 * Nothing depends on whether the leader is really gone: whoever still hears it refuses the pre-vote (thesis §9.6, §4.2.3), and one
 * who hears it again follows it. Source: `ForgetLeader` of etcd-io/raft, node.go.
 */
import type { RawNode, Term } from '@kv/raft';
import type { Clock, Timer } from '../clock.js';
import type { MemberId } from '../ids.js';
import type { Logger } from '../logger.js';

const NOBODY = 0n as MemberId;

/** What operators find in the log, and the simulator counts. */
export const LOST_LEADER = 'lost the leader: nothing listens at its peer URLs any more';

export const REMOVED_LEADER = 'lost the leader: it was removed from the cluster';

export interface LostLeaderParts {
  /** Without pre-votes a campaign disturbs those who still hear the leader: then nothing is done. */
  readonly preVote: boolean;
  readonly heartbeatIntervalMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A turn of the loop is to come soon. */
  readonly wake: () => void;
}

export type ForgettingNode = Pick<
  RawNode,
  'id' | 'term' | 'leader' | 'role' | 'status' | 'forgetLeader' | 'campaign'
>;

/** How often a member stands. */
const CAMPAIGNS_MAX = 2;

/** This member is to stand for election, unless things change before. */
interface Candidacy {
  /** In which the leader was forgotten. */
  readonly term: Term;
  campaignsLeft: number;
  /** Undefined once the wait is over. */
  wait: Timer | undefined;
}

export class LostLeader {
  readonly #parts: LostLeaderParts;
  /** Peers that are gone, with what is said of it, and that no turn has looked at. */
  readonly #gone = new Map<MemberId, string>();
  #candidacy: Candidacy | undefined;

  constructor(parts: LostLeaderParts) {
    this.#parts = parts;
  }

  /** As `PeerReceiver.peerRefused`. */
  peerRefused(id: MemberId): void {
    this.#add(id, LOST_LEADER);
  }

  /** This member has applied that the peer is none any more: what is passed on to it from now on is lost. */
  peerRemoved(id: MemberId): void {
    this.#add(id, REMOVED_LEADER);
  }

  /** A turn of the loop, in which all that had come of the peers was taken in. */
  turn(node: ForgettingNode): void {
    for (const [id, why] of this.#gone) {
      if (node.role === 'follower' && node.leader === id) this.#forget(node, id, why);
    }
    this.#gone.clear();
    const candidacy = this.#candidacy;
    if (candidacy !== undefined && candidacy.wait === undefined) this.#stand(node, candidacy);
  }

  /** Another member asks for a pre-vote: it is given the time to win. */
  otherStands(): void {
    if (this.#candidacy?.wait === undefined) return;
    this.#candidacy.wait.cancel();
    this.#wait(this.#candidacy, this.#parts.heartbeatIntervalMs);
  }

  close(): void {
    this.#gone.clear();
    this.#candidacy?.wait?.cancel();
    this.#candidacy = undefined;
  }

  #add(id: MemberId, why: string): void {
    if (!this.#parts.preVote) return;
    this.#gone.set(id, why);
    this.#parts.wake();
  }

  #forget(node: ForgettingNode, leader: MemberId, why: string): void {
    const rank = rankOf(node, leader);
    const waitMs = rank === undefined ? undefined : rank * this.#parts.heartbeatIntervalMs;
    this.#parts.logger.log('info', why, {
      'local-member-id': node.id,
      'lost-leader-id': leader,
      term: node.term,
      ...(waitMs === undefined ? {} : { 'campaigns-after': `${waitMs}ms` }),
    });
    node.forgetLeader();
    this.#candidacy?.wait?.cancel();
    this.#candidacy = undefined;
    if (waitMs === undefined) return;
    this.#candidacy = { term: node.term, campaignsLeft: CAMPAIGNS_MAX, wait: undefined };
    if (waitMs > 0) this.#wait(this.#candidacy, waitMs);
  }

  /** Does nothing when somebody leads by now, or when this member has voted for somebody. */
  #stand(node: ForgettingNode, candidacy: Candidacy): void {
    const isOpen = node.role === 'follower' || node.role === 'preCandidate';
    candidacy.campaignsLeft -= 1;
    if (!isOpen || node.leader !== NOBODY || node.term !== candidacy.term) {
      this.#candidacy = undefined;
      return;
    }
    node.campaign();
    if (candidacy.campaignsLeft === 0) this.#candidacy = undefined;
    else this.#wait(candidacy, this.#parts.heartbeatIntervalMs / 2);
  }

  #wait(candidacy: Candidacy, ms: number): void {
    const { clock, wake } = this.#parts;
    candidacy.wait = clock.after(ms, () => {
      candidacy.wait = undefined;
      wake();
    });
  }
}

/** The place among the voters, by id, that are left without this leader; undefined for who is no voter. */
function rankOf(node: ForgettingNode, leader: MemberId): number | undefined {
  const { voters, votersOutgoing } = node.status().config;
  const others = new Set([...voters, ...votersOutgoing]);
  others.delete(leader);
  if (!others.has(node.id)) return undefined;
  return [...others].filter((id) => id < node.id).length;
}
