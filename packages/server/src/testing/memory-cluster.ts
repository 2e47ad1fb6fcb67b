/** Several whole members in one process, on one clock and one network of memory. Everything follows from the seed. */
import type { MemberConfig } from '../member-config.js';
import { memberToJson } from '../cluster/member-record.js';
import { PROMOTE_PATH, promotionRefusals } from '../cluster/promotion.js';
import type { MemberId } from '../ids.js';
import type { LookupAnswer } from '../cluster/bootstrap-network.js';
import type { PeerAnswer } from '../peer/transport.js';
import { SERVER_VERSION } from '../version.js';
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
  readonly #members: MemoryMember[] = [];
  readonly #config: Partial<MemberConfig>;
  readonly #seed: number;

  private constructor(size: number, config: Partial<MemberConfig>, seed: number) {
    this.#config = config;
    this.#seed = seed;
    const names = NAMES.slice(0, size);
    for (const name of names) this.#make(name, names, 'new');
  }

  get members(): readonly MemoryMember[] {
    return this.#members;
  }

  /** Where the member with this name is reached: what it is added by. */
  static peerUrl(name: string): string {
    return `http://${name}:2380`;
  }

  /** A member that was added, not started yet. `others`: the names of the members that there are. */
  joiner(name: string, others: readonly string[]): MemoryMember {
    return this.#make(name, [...others, name], 'existing');
  }

  #make(name: string, names: readonly string[], state: 'new' | 'existing'): MemoryMember {
    const member = MemoryMember.unopened({
      config: {
        ...this.#config,
        name,
        initialCluster: names.map((other) => ({
          name: other,
          peerUrls: [MemoryCluster.peerUrl(other)],
        })),
        initialAdvertisePeerUrls: [MemoryCluster.peerUrl(name)],
        initialClusterState: state,
      },
      seed: this.#seed + this.#members.length,
      clock: this.clock,
      peers: () => this.network.transport(),
      bootstrap: { get: (url) => this.#lookup(url), resolve: (host) => Promise.resolve(host) },
    });
    this.#members.push(member);
    return member;
  }

  /** What the member at a URL answers. */
  async #lookup(url: string): Promise<LookupAnswer> {
    const { origin, pathname } = new URL(url);
    const asked = this.#members.find(({ config }) =>
      config.initialAdvertisePeerUrls.includes(origin),
    );
    if (asked?.isOpen !== true) throw new Error(`${url} is not reached`);
    const { peerApi } = asked.member;
    const { clusterId, clusterVersion } = asked.member.view();
    const bodies: Readonly<Record<string, string>> = {
      '/members': `[${peerApi.members().map(memberToJson).join(',')}]\n`,
      '/version': JSON.stringify({ etcdserver: SERVER_VERSION, etcdcluster: clusterVersion }),
      '/downgrade/enabled': 'false',
    };
    const body = Buffer.from(bodies[pathname] ?? '');
    return Promise.resolve({ status: 200, clusterId: clusterId.toString(16), body });
  }

  /** Founds a cluster and waits for its leader. */
  static async open(
    size: number,
    config: Partial<MemberConfig> = {},
    seed = 1,
  ): Promise<MemoryCluster> {
    const cluster = new MemoryCluster(size, config, seed);
    cluster.network.answers = (id, { path }) => {
      const asked = cluster.members.find((m) => m.isOpen && MemoryCluster.idOf(m) === id);
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

  /** The member that all of these (by default all that run) say leads, once they agree. */
  async leader(
    among: readonly MemoryMember[] = this.members.filter((member) => member.isOpen),
  ): Promise<MemoryMember> {
    const leaders = (): readonly bigint[] => among.map(({ member }) => member.view().leaderId);
    const agreed = (): MemoryMember | undefined =>
      among.find((m) => leaders().every((id) => id === MemoryCluster.idOf(m)));
    await this.until(() => agreed() !== undefined, 'a leader that all know');
    const found = agreed();
    if (found === undefined) throw new Error('they had agreed');
    return found;
  }

  /** The process ends, its machine goes on: what it has written stays, and the others are told that nobody listens there. */
  async kill(member: MemoryMember): Promise<void> {
    const id = MemoryCluster.idOf(member);
    await member.powerOff({ disk: 'all', commitsKept: Infinity });
    for (const other of this.others(member)) {
      if (other.isOpen) this.network.refuse(MemoryCluster.idOf(other), id);
    }
    await this.clock.settle();
  }

  others(member: MemoryMember): readonly MemoryMember[] {
    return this.members.filter((other) => other !== member);
  }

  async stop(): Promise<void> {
    for (const member of this.members) if (member.isOpen) await member.stop();
  }
}
