/** Several whole members in one process, on one clock and one network of memory. Everything follows from the seed. */
import type { MemberConfig } from '../member-config.js';
import { memberToJson } from '../cluster/member-record.js';
import { PROMOTE_PATH, promotionRefusals } from '../cluster/promotion.js';
import type { MemberId } from '../ids.js';
import type { PeerAnswer } from '../peer/transport.js';
import { FakeClock } from './fake-clock.js';
import { MemoryMember } from './memory-member.js';
import { MemoryNetwork } from './memory-network.js';

const NAMES = ['a', 'b', 'c', 'd', 'e'] as const;

/** As over the peer port, for what members ask one another in tests: promotions. */
function promotionOf(
  { peerApi }: MemoryMember['member'],
  path: string,
): Promise<PeerAnswer | undefined> {
  if (!path.startsWith(PROMOTE_PATH)) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    peerApi.promotion.promote(BigInt(path.slice(PROMOTE_PATH.length)) as MemberId, {
      promoted: (members) => {
        resolve({ status: 200, body: Buffer.from(`[${members.map(memberToJson).join(',')}]\n`) });
      },
      failed: (failure) => {
        const known: Readonly<Record<string, { readonly status: number; readonly text: string }>> =
          promotionRefusals;
        const { status, text } = known[failure] ?? { status: 500, text: failure };
        resolve({ status, body: Buffer.from(`${text}\n`) });
      },
    });
  });
}

/** Longer than any election takes, unless votes are split again and again. */
const ELECTION_STEPS_MAX = 200;
const STEP_MS = 50;

export class MemoryCluster {
  readonly clock: FakeClock = new FakeClock();
  readonly network: MemoryNetwork = new MemoryNetwork(this.clock);
  readonly members: readonly MemoryMember[];

  private constructor(size: number, config: Partial<MemberConfig>, seed: number) {
    const names = NAMES.slice(0, size);
    const initialCluster = names.map((name) => ({ name, peerUrls: [`http://${name}:2380`] }));
    this.members = names.map((name, n) =>
      MemoryMember.unopened({
        config: {
          ...config,
          name,
          initialCluster,
          initialAdvertisePeerUrls: [`http://${name}:2380`],
        },
        seed: seed + n,
        clock: this.clock,
        peers: () => this.network.transport(),
      }),
    );
  }

  /** Founds a cluster and waits for its leader. */
  static async open(
    size: number,
    config: Partial<MemberConfig> = {},
    seed = 1,
  ): Promise<MemoryCluster> {
    const cluster = new MemoryCluster(size, config, seed);
    cluster.network.answers = (id, { path }) => {
      const asked = cluster.members.find((member) => MemoryCluster.idOf(member) === id);
      return asked === undefined ? Promise.resolve(undefined) : promotionOf(asked.member, path);
    };
    for (const member of cluster.members) await member.start();
    await cluster.leader();
    return cluster;
  }

  static idOf(member: MemoryMember): MemberId {
    return member.member.view().memberId as MemberId;
  }

  /** Lets time pass until `holds`; fails when it does not come to that. */
  async until(holds: () => boolean, what: string): Promise<void> {
    for (let n = 0; n < ELECTION_STEPS_MAX; n++) {
      if (holds()) return;
      await this.clock.advance(STEP_MS);
    }
    throw new Error(`it never came to this: ${what}`);
  }

  /** The member that all of these (all members by default) say leads, once they agree. */
  async leader(among: readonly MemoryMember[] = this.members): Promise<MemoryMember> {
    const leaders = (): readonly bigint[] => among.map(({ member }) => member.view().leaderId);
    const agreed = (): MemoryMember | undefined =>
      among.find((m) => leaders().every((id) => id === MemoryCluster.idOf(m)));
    await this.until(() => agreed() !== undefined, 'a leader that all know');
    const found = agreed();
    if (found === undefined) throw new Error('they had agreed');
    return found;
  }

  others(member: MemoryMember): readonly MemoryMember[] {
    return this.members.filter((other) => other !== member);
  }

  async stop(): Promise<void> {
    for (const member of this.members) await member.stop();
  }
}
