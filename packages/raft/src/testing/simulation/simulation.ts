/**
 * A cluster in one process under one seed: first a phase with faults, in which nothing unsafe may happen; then a calm
 * phase, in which the cluster must make progress.
 */
import type { ConfChangeSingle, ConfChangeV2 } from '../../conf-change.js';
import type { Message } from '../../message.js';
import { NO_DATA, EMPTY_CONF_STATE, toNodeId, type ConfState, type NodeId } from '../../types.js';
import { Chance } from './chance.js';
import { Checker } from './checker.js';
import { Member, type World } from './member.js';
import { Network } from './network.js';
import { drawOptions, type SimulationOptions } from './options.js';

/** Members that may ever exist. Identifiers do not come back after a removal. */
const MEMBERS_EVER_MAX = 12;
/** Rounds within which a calm cluster has to elect a leader and apply what is proposed. */
const CALM_ROUNDS_MAX = 30_000;

export class LivenessFailure extends Error {
  override readonly name: string = 'LivenessFailure';
}

/** What a run did: to see that it did something. */
export interface SimulationResult {
  readonly seed: number;
  readonly committed: number;
  readonly leaders: number;
  readonly crashes: number;
  readonly snapshots: number;
  readonly confChanges: number;
  readonly reads: number;
  /** 1 when the removal of a member left the others without a quorum: see DESIGN.md. */
  readonly stranded: number;
}

/** Runs one seed. Throws a `SafetyViolation`, a `LivenessFailure`, or whatever else goes wrong. */
export function simulate(seed: number, rounds = 600): SimulationResult {
  return new Simulation(seed, rounds).run();
}

class Simulation {
  readonly #seed: number;
  readonly #chance: Chance;
  readonly #options: SimulationOptions;
  readonly #checker = new Checker();
  readonly #network: Network;
  readonly #members = new Map<NodeId, Member>();
  readonly #world: World;
  #now = 0;
  #token = 0;
  #calm = false;
  #leaders = new Set<string>();
  #counts = { crashes: 0, snapshots: 0, confChanges: 0, reads: 0, stranded: 0 };

  constructor(seed: number, rounds: number) {
    this.#seed = seed;
    this.#chance = new Chance(seed);
    this.#options = drawOptions(this.#chance, rounds);
    this.#network = new Network(this.#chance, this.#options.faults);
    this.#world = {
      chance: this.#chance,
      checker: this.#checker,
      // Slower than elections time out, a disk could keep a cluster from ever electing a leader.
      syncRounds: () =>
        this.#calm ? 0 : this.#chance.below(this.#options.faults.syncRoundsMax + 1),
      send: (message) => {
        this.#send(message);
      },
      joins: (id) => {
        if (!this.#members.has(id)) this.#add(id, EMPTY_CONF_STATE);
      },
    };
    const voters = range(this.#options.members);
    for (const id of voters) this.#add(id, { ...EMPTY_CONF_STATE, voters });
  }

  run(): SimulationResult {
    for (let round = 0; round < this.#options.rounds; round += 1) {
      this.#round();
      this.#interfere();
    }
    this.#calmDown();
    const leaders = this.#leaders.size;
    return { seed: this.#seed, committed: this.#checker.committed, leaders, ...this.#counts };
  }

  #add(id: NodeId, confState: ConfState): void {
    const member = new Member(id, confState, this.#options.config, this.#world);
    this.#members.set(id, member);
    member.start();
  }

  #send(message: Message): void {
    const sent = this.#network.send(this.#now, message);
    const sender = this.#members.get(message.from);
    if (message.type === 'MsgSnap') {
      this.#counts.snapshots += 1;
      // The report must come, or the sender would wait for ever; the answer itself may come before or after it.
      const outcome = sent && !this.#chance.oneIn(4) ? 'finished' : 'failed';
      sender?.node?.reportSnapshot(message.to, outcome);
      // A member refuses a snapshot from before it was added: then the application has to make a newer one.
      const { voters, learners } = message.snapshot.meta.confState;
      if (![...voters, ...learners].includes(message.to)) sender?.checkpoint(true);
    } else if (!sent && this.#chance.oneIn(3)) {
      sender?.node?.reportUnreachable(message.to);
    }
  }

  /** Everybody ticks, receives and works, at slightly different speeds. */
  #round(): void {
    this.#now += 1;
    for (const message of this.#network.receive(this.#now)) {
      this.#members.get(message.to)?.step(message);
    }
    for (const member of this.#members.values()) {
      if (this.#calm || !this.#chance.oneIn(3)) member.node?.tick();
      member.work(this.#now);
      const { node } = member;
      if (node?.role === 'leader') this.#leaders.add(`${member.id.toString()}/${node.term}`);
    }
  }

  #up(): Member[] {
    return [...this.#members.values()].filter((member) => member.node !== undefined);
  }

  #interfere(): void {
    this.#useCluster();
    this.#changeCluster();
    this.#breakCluster();
  }

  #useCluster(): void {
    const { proposeOneIn, readOneIn, checkpointOneIn } = this.#options;
    const member = this.#chance.pick(this.#up());
    if (member === undefined) return;
    if (this.#chance.oneIn(proposeOneIn)) {
      const count = 1 + this.#chance.below(5);
      member.node?.propose(Array.from({ length: count }, () => this.#payload()));
    }
    // Reads of leaders most of all: one that was deposed without knowing is who could answer wrongly.
    for (const reader of this.#up()) {
      const leads = reader.node?.role === 'leader';
      if (!this.#chance.oneIn(leads ? readOneIn : readOneIn * 4)) continue;
      this.#counts.reads += 1;
      reader.read((this.#token += 1), this.#checker.committed);
    }
    if (this.#chance.oneIn(checkpointOneIn)) member.checkpoint(this.#chance.oneIn(2));
  }

  #payload(): Uint8Array {
    const payload = new Uint8Array(this.#chance.below(40));
    for (let at = 0; at < payload.length; at += 1) payload[at] = this.#chance.below(256);
    return payload;
  }

  #changeCluster(): void {
    const { transferOneIn, confChangeOneIn } = this.#options;
    const members = this.#up();
    const node = this.#chance.pick(members)?.node;
    const target = this.#chance.pick([...this.#members.keys()]);
    if (node === undefined || target === undefined) return;
    if (this.#chance.oneIn(transferOneIn)) node.transferLeader(target);
    if (this.#chance.oneIn(transferOneIn * 4)) node.forgetLeader();
    if (this.#chance.oneIn(transferOneIn * 4)) node.campaign();
    if (!this.#chance.oneIn(confChangeOneIn)) return;
    const result = node.proposeConfChange(this.#drawChange());
    if (result.outcome === 'appended') this.#counts.confChanges += 1;
  }

  #drawChange(): ConfChangeV2 {
    const count = this.#chance.below(4);
    const changes = Array.from({ length: count }, () => this.#drawSingle());
    const transition =
      this.#chance.pick(['auto', 'jointImplicit', 'jointExplicit'] as const) ?? 'auto';
    // An explicit joint configuration has to be left by hand: that is the empty change.
    return { transition: count === 0 ? 'auto' : transition, changes, context: NO_DATA };
  }

  #drawSingle(): ConfChangeSingle {
    const type =
      this.#chance.pick(['addNode', 'removeNode', 'addLearnerNode', 'updateNode'] as const) ??
      'updateNode';
    const known = [...this.#members.keys()];
    const mayGrow = type !== 'removeNode' && known.length < MEMBERS_EVER_MAX;
    const fresh = toNodeId(BigInt(known.length + 1));
    const nodeId = mayGrow && this.#chance.oneIn(2) ? fresh : this.#chance.pick(known);
    return { type, nodeId: nodeId ?? fresh };
  }

  #breakCluster(): void {
    const { partitionOneIn, healOneIn, crashOneIn, restartOneIn } = this.#options.faults;
    if (this.#chance.oneIn(partitionOneIn)) this.#network.partition([...this.#members.keys()]);
    if (this.#chance.oneIn(healOneIn)) this.#network.heal();
    for (const member of this.#members.values()) {
      if (member.node === undefined) {
        if (this.#chance.oneIn(restartOneIn)) member.start();
      } else if (this.#chance.oneIn(crashOneIn)) {
        this.#counts.crashes += 1;
        member.crash();
      }
    }
  }

  /** Everything is repaired: there must be a leader, and what is proposed now must be applied by all voters. */
  #calmDown(): void {
    this.#calm = true;
    this.#network.calm();
    for (const member of this.#members.values()) if (member.node === undefined) member.start();
    let target: number | undefined;
    for (let round = 0; round < CALM_ROUNDS_MAX; round += 1) {
      this.#round();
      this.#stopRemoved();
      const leader = this.#up().find((member) => member.node?.role === 'leader');
      if (leader === undefined || round < 50) continue;
      target ??= this.#proposeLast(leader);
      if (target !== undefined && this.#allApplied(leader.confState, target)) return;
      if (round % 500 === 499) target = undefined;
    }
    if (!this.#isStranded()) {
      throw new LivenessFailure(`no progress within ${CALM_ROUNDS_MAX} calm rounds`);
    }
    this.#counts.stranded += 1;
  }

  /**
   * A known limit of changes that take effect when applied (DESIGN.md): a member that alone knows of its own removal or
   * demotion cannot lead any more, and its vote, which the others still need, goes to nobody with a shorter log.
   */
  #isStranded(): boolean {
    const up = this.#up();
    return up.some(
      ({ id, confState }) =>
        confState.voters.length > 0 &&
        !votes(confState, id) &&
        up.some((other) => votes(other.confState, id)),
    );
  }

  /**
   * Members that were removed are stopped, but only when all that stay have applied the removal: until then their votes
   * may be needed.
   */
  #stopRemoved(): void {
    const up = this.#up();
    const [newest] = up.sort((a, b) => b.applied - a.applied);
    if (newest === undefined) return;
    for (const member of this.#members.values()) {
      // One that was stopped is needed again if a change that was under way adds it once more.
      if (member.node === undefined && names(newest.confState, member.id)) member.start();
    }
    const stay = up.filter((member) => names(newest.confState, member.id));
    // Whoever is to stay may have yet to learn from those who leave.
    if (stay.length === 0) return;
    for (const member of up) {
      if (!stay.some(({ confState }) => names(confState, member.id))) member.crash();
    }
  }

  #proposeLast(leader: Member): number | undefined {
    const result = leader.node?.propose([this.#payload()]);
    return result?.outcome === 'appended' ? result.firstIndex : undefined;
  }

  #allApplied(confState: ConfState, target: number): boolean {
    return confState.voters.every((id) => (this.#members.get(id)?.applied ?? 0) >= target);
  }
}

function votes({ voters, votersOutgoing }: ConfState, id: NodeId): boolean {
  return voters.includes(id) || votersOutgoing.includes(id);
}

function names(confState: ConfState, id: NodeId): boolean {
  return votes(confState, id) || confState.learners.includes(id);
}

function range(count: number): NodeId[] {
  return Array.from({ length: count }, (_, at) => toNodeId(BigInt(at + 1)));
}
