/**
 * What happens once faults have stopped: a majority that is left in peace must serve, then all come back, agree, and have the same.
 *
 * ```
 *   [regroup: all come back, and what was asked of the membership comes to an end] ─▶ core: a random majority ─▶ all ─▶ equal
 * ```
 *
 * With changes of membership that are still open nobody knows who a majority is: they are waited for first.
 */
import { HashKVRequest, maintenanceService } from '@kv/proto';
import type { Chance } from './chance.js';
import type { Churn } from './churn.js';
import { findDifference, rowsOf, type HashChecker } from './checkers/hash-checker.js';
import type { LogChecker } from './checkers/log-checker.js';
import type { Client } from './client.js';
import type { Connections } from './connection.js';
import type { Fleet } from './fleet.js';
import type { Machine } from './machine.js';
import type { Network } from './network.js';
import { Actor, type Timeline } from './timeline.js';
import { Violation } from './violation.js';
import type { Watcher } from './watcher.js';

/** Within this a connected majority must serve: some election timeouts, and a client's patience. */
const RECOVERY_MS = 20_000;
/** The same for all, when some have yet to join: they ask others, some of which do not answer, and start again. */
const REGROUP_MS = 60_000;
/** Longer than a member keeps trying what it was asked for. */
const OPEN_MS = 8000;
/** Within this all members must have caught up. */
const CONVERGENCE_MS = 30_000;
/** The longest lease, twice (a new leader may extend it once), on the slowest clock, an election, and 2 s. */
const LEASES_MS = 17_000;
const STEP_MS = 100;

export interface RecoveryParts {
  readonly timeline: Timeline;
  readonly chance: Chance;
  readonly network: Network;
  readonly connections: Connections;
  readonly fleet: Fleet;
  readonly churn: Pick<Churn, 'isSettled' | 'settle'>;
  readonly clients: readonly Client[];
  readonly watchers: readonly Watcher[];
  readonly log: LogChecker;
  readonly hashes: HashChecker;
  readonly note: (text: string) => void;
}

/**
 * `quorumLost`: members take a change of membership into account when they apply it, as etcd's do. If those that have applied the last one
 * are gone (removed by it, or with their disks), the others go on counting with them, and may elect nobody.
 */
export type RecoveryEnd = 'recovered' | 'quorumLost';

interface Probe {
  readonly isDone: () => boolean;
  readonly problem: () => string;
}

export class Recovery {
  readonly #parts: RecoveryParts;
  readonly #observer: Actor = new Actor('observer');

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
  }

  /** From the moment at which faults have stopped and the network is whole. Rejects with a violation. */
  async run(): Promise<RecoveryEnd> {
    const { churn, fleet } = this.#parts;
    for (const machine of fleet.all) {
      machine.forgive();
      machine.syncMs = [1, 3];
    }
    try {
      if (!churn.isSettled) await this.#regroup();
      await this.#serveAsMajority();
      await this.#converge();
    } catch (error) {
      const isLost = error instanceof Violation && error.kind === 'liveness' && this.#lostQuorum();
      if (!isLost) throw error;
      return 'quorumLost';
    }
    return 'recovered';
  }

  /** Nobody of those who are left has ever applied the last change, and nobody reaches a majority of the members that it knows. */
  #lostQuorum(): boolean {
    const { fleet, log } = this.#parts;
    const { newestIndex } = log.membership;
    if (fleet.voters.some(({ appliedMax }) => appliedMax >= newestIndex)) return false;
    const up = new Set(fleet.members.filter(({ isUp }) => isUp).map(({ memberId }) => memberId));
    return fleet.voters.every(({ member }) => {
      const known = member?.peerApi.members().filter(({ isLearner }) => !isLearner) ?? [];
      return known.filter(({ id }) => up.has(id)).length * 2 <= known.length;
    });
  }

  async #regroup(): Promise<void> {
    const { timeline, fleet, churn, note } = this.#parts;
    note('all come back, as changes of membership are open');
    this.#bringAllBack();
    await this.#until(() => churn.isSettled, OPEN_MS);
    await timeline.run(timeline.nowMs + OPEN_MS);
    // Who is a voter may have changed until now; some of them may have to join yet.
    await this.#serve(fleet.voters, 'progress', REGROUP_MS);
    churn.settle();
    await this.#until(() => churn.isSettled, REGROUP_MS);
    if (!churn.isSettled) throw new Violation('liveness', 'progress', 'a member does not join');
  }

  /** A majority of the voters of now is left in peace, the others stay away; each of the majority must serve. */
  async #serveAsMajority(): Promise<void> {
    const { chance, fleet, log, note } = this.#parts;
    const order = chance.shuffled(fleet.members);
    const voters = order.filter((machine) => fleet.voters.includes(machine));
    const core = voters.slice(0, Math.floor(log.membership.voters.length / 2) + 1);
    for (const machine of order) {
      if (core.includes(machine)) this.#bringBack(machine);
      else this.#sendAway(machine);
    }
    note(`the core is ${core.map(({ name }) => name).join(' ')}`);
    await this.#serve(core, 'progress', RECOVERY_MS);
  }

  /** All come back, clients stop, leases run out; then all have the same. */
  async #converge(): Promise<void> {
    const { timeline, network, fleet, clients, watchers, note } = this.#parts;
    note('all come back');
    network.heal();
    this.#bringAllBack();
    for (const client of clients) client.stop();
    await this.#serve(fleet.voters, 'convergence', CONVERGENCE_MS);
    for (const watcher of watchers) watcher.settle();
    await timeline.run(timeline.nowMs + LEASES_MS);
    // One more entry, so that each process says where it is.
    const last = this.#probe(fleet.voters.slice(0, 1));
    await this.#until(() => last.isDone() && this.#laggards().length === 0, CONVERGENCE_MS);
    const laggards = this.#laggards();
    if (laggards.length > 0) {
      const { log } = this.#parts;
      const at = laggards.map(({ name, applied }) => `${name} at ${applied}`);
      const text = `members stay behind: ${at.join(', ')} of ${log.entries.length} entries`;
      throw new Violation('liveness', 'convergence', text);
    }
    this.#checkRemoved();
    await this.#compareHashes();
    await timeline.run(timeline.nowMs + 1000);
  }

  #bringAllBack(): void {
    const { fleet } = this.#parts;
    for (const machine of fleet.members) this.#bringBack(machine);
    // Those that were removed as well: they must not matter, and hear of it.
    for (const machine of fleet.removed) this.#bringBack(machine);
  }

  #bringBack(machine: Machine): void {
    machine.resume();
    machine.start();
  }

  /** Off, or alone: both must not matter to the others. */
  #sendAway(machine: Machine): void {
    const { chance, network, fleet } = this.#parts;
    if (chance.happens(0.5)) {
      if (machine.isUp) machine.kill('sent away');
      return;
    }
    for (const { index } of fleet.all) {
      if (index === machine.index) continue;
      network.cut(index, machine.index);
      network.cut(machine.index, index);
    }
  }

  #laggards(): readonly Machine[] {
    const { fleet, log } = this.#parts;
    return fleet.members.filter(({ applied }) => applied !== log.entries.length);
  }

  /** A removed member ends, if one that it knows can tell it (G-12). */
  #checkRemoved(): void {
    const { fleet } = this.#parts;
    const present = new Set(fleet.members.map(({ memberId }) => memberId));
    for (const { name, member } of fleet.removed) {
      const knows = member?.peerApi.members().some(({ id }) => present.has(id)) === true;
      if (!knows) continue;
      throw new Violation('liveness', 'membership', `${name} was removed, and does not end`);
    }
  }

  async #compareHashes(): Promise<void> {
    const { fleet, connections, timeline, hashes } = this.#parts;
    const { members, voters } = fleet;
    let answers = 0;
    for (const machine of voters) {
      const request = HashKVRequest.create();
      void connections
        .call(this.#observer, machine, maintenanceService.hashKV, request, 5000)
        .then((outcome) => {
          answers += 1;
          if (outcome.type === 'ok') hashes.told(machine.name, outcome.response);
        });
    }
    await timeline.run(timeline.nowMs + 6000, () => answers === voters.length);
    const [first, ...others] = members.map(({ name, backend }) => ({
      name,
      rows: rowsOf(backend),
    }));
    for (const other of others) {
      const row = first === undefined ? undefined : findDifference(first.rows, other.rows);
      if (row === undefined) continue;
      const text = `${other.name} differs from ${first?.name ?? ''} in ${JSON.stringify(row)}`;
      throw new Violation('correctness', 'state-hash', text);
    }
  }

  async #serve(
    machines: readonly Machine[],
    check: 'progress' | 'convergence',
    ms: number,
  ): Promise<void> {
    const probe = this.#probe(machines);
    await this.#until(probe.isDone, ms);
    if (!probe.isDone()) throw new Violation('liveness', check, probe.problem());
  }

  #until(holds: () => boolean, ms: number): Promise<void> {
    const { timeline } = this.#parts;
    return timeline.run(timeline.nowMs + ms, holds);
  }

  /** Each of them in turn must do a put and a linearizable read. */
  #probe(machines: readonly Machine[]): Probe {
    const { clients, timeline } = this.#parts;
    const left = [...machines];
    const client = clients[0];
    const next = (): void => {
      const machine = left[0];
      if (machine === undefined || client === undefined) return;
      void client.serves(machine).then((serves) => {
        if (serves) left.shift();
        timeline.after(STEP_MS, this.#observer, next);
      });
    };
    next();
    return {
      isDone: () => left.length === 0,
      problem: () => `${left.map(({ name }) => name).join(' ')} did not serve in calm`,
    };
  }
}
