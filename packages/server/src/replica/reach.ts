/** Whom this member is connected to. */
import type { Membership } from '../cluster/membership.js';
import type { MemberId } from '../ids.js';
import type { PeerTransport } from '../peer/transport.js';
import type { Leadership } from './leadership.js';

export class Reach {
  readonly #self: MemberId;
  readonly #membership: Pick<Membership, 'members' | 'others'>;
  readonly #peers: Pick<PeerTransport, 'connectedSinceMs'>;

  constructor(
    self: MemberId,
    membership: Pick<Membership, 'members' | 'others'>,
    peers: Pick<PeerTransport, 'connectedSinceMs'>,
  ) {
    this.#self = self;
    this.#membership = membership;
    this.#peers = peers;
  }

  /** Other members that are reached now. */
  connectedCount(): number {
    const others = this.#membership.others(this.#self);
    return others.filter(({ id }) => this.#peers.connectedSinceMs(id) !== undefined).length;
  }

  /** Whether this member has been connected since then to whom it needs: as leader to a quorum, else to its leader. */
  connectedSince(
    startedMs: number,
    leadership: Pick<Leadership, 'leaderId' | 'isLeader'>,
  ): boolean {
    const connected = (id: MemberId): boolean => {
      const sinceMs = this.#peers.connectedSinceMs(id);
      return sinceMs !== undefined && sinceMs <= startedMs;
    };
    const { leaderId, isLeader } = leadership;
    if (!isLeader) return leaderId === 0n || connected(leaderId);
    const voters = this.#membership.members().filter((member) => !member.isLearner);
    const reached = voters.filter((member) => member.id === this.#self || connected(member.id));
    return reached.length >= Math.floor(voters.length / 2) + 1;
  }
}
