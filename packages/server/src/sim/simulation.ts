/**
 * A whole cluster in one process under one seed: real members on simulated machines, clients and watchers, faults; then calm, in which
 * the cluster must recover; then everything that was seen is judged.
 *
 * ```
 *   faults (safety)         | a majority of machines is left in peace (liveness) | all come back, agree (convergence) | judge
 *   clients ask and watch   | each of them must serve                            | equal hashes, leases run out       |
 * ```
 */
import type { Entry } from '@kv/raft';
import type { RequestResult } from '@kv/mvcc';
import { MemberError } from '../errors.js';
import type { MemberConfig } from '../member-config.js';
import { Chance } from './chance.js';
import { Churn } from './churn.js';
import { HashChecker } from './checkers/hash-checker.js';
import { checkHistory } from './checkers/history-checker.js';
import { checkLeases, checkLeasesGone } from './checkers/lease-checker.js';
import { LogChecker } from './checkers/log-checker.js';
import { checkWatches } from './checkers/watch-checker.js';
import { Client } from './client.js';
import { Connections } from './connection.js';
import type { Defect } from './defects.js';
import { Faults } from './faults.js';
import { Fleet } from './fleet.js';
import { History } from './history.js';
import { Machine, machineName, peerUrlOf, type Process } from './machine.js';
import { calmNetwork, Network } from './network.js';
import { drawOptions, type FaultKind, type SimulationOptions } from './options.js';
import { Recovery, type RecoveryEnd } from './recovery.js';
import type { Sabotage } from './sabotage.js';
import { Statistics } from './statistics.js';
import { Actor, Timeline } from './timeline.js';
import { Trace } from './trace.js';
import { Violation } from './violation.js';
import { Watcher } from './watcher.js';
import { Workload } from './workload.js';

/** Mean time until a process is started again that has ended by itself. */
const RESTART_MS = 300;

export interface SimulationSettings {
  /** Replaces what the seed has drawn. */
  readonly overrides?: Partial<SimulationOptions>;
  readonly defect?: Defect;
  /** Faults that every seed has beside those that it has drawn, by their mean time between two. */
  readonly always?: ReadonlyMap<FaultKind, number>;
  /** Hears what happens, as it happens. */
  readonly print?: (line: string) => void;
}

export interface SimulationResult {
  readonly seed: number;
  readonly options: SimulationOptions;
  readonly traceHash: string;
  readonly statistics: Statistics;
  readonly simulatedMs: number;
  /** Undefined if all is well. */
  readonly violation: Violation | undefined;
  /** The last lines of what happened. */
  readonly lines: readonly string[];
}

/** Never rejects for what it finds: that is in the result. */
export function simulate(
  seed: number,
  settings: SimulationSettings = {},
): Promise<SimulationResult> {
  return new Simulation(seed, settings).run();
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #timeline: Timeline = new Timeline();
  readonly #trace: Trace;
  readonly #chance: Chance;
  readonly #network: Network;
  readonly #fleet: Fleet;
  readonly #churn: Churn;
  readonly #history: History = new History();
  readonly #log: LogChecker = new LogChecker();
  readonly #hashes: HashChecker;
  readonly #faults: Faults;
  readonly #clients: readonly Client[];
  readonly #watchers: readonly Watcher[];
  readonly #connections: Connections;
  readonly #statistics: Statistics = new Statistics();
  readonly #observer: Actor = new Actor('observer');
  readonly #sabotage: Sabotage | undefined;
  #calm = false;

  constructor(seed: number, { overrides, defect, always = new Map(), print }: SimulationSettings) {
    const sabotage = defect?.install();
    this.#sabotage = sabotage;
    const chance = new Chance(seed);
    this.#chance = chance;
    this.#trace = new Trace(print);
    const drawn = { ...drawOptions(seed, chance.fork()), ...defect?.overrides, ...overrides };
    this.#options = { ...drawn, faultEveryMs: new Map([...drawn.faultEveryMs, ...always]) };
    const { network, machines } = this.#options;
    this.#network = new Network(this.#timeline, chance.fork(), this.#trace, network, sabotage);
    this.#hashes = new HashChecker((violation) => {
      this.#timeline.fail(violation);
    });
    this.#fleet = new Fleet(machines, this.#log.membership, (index) => this.#machine(index));
    this.#connections = new Connections(this.#timeline, this.#network, this.#trace, sabotage);
    const workload = new Workload(chance.fork());
    this.#clients = this.#makeClients(workload, sabotage);
    this.#watchers = this.#makeWatchers(workload, sabotage);
    const common = {
      timeline: this.#timeline,
      connections: this.#connections,
      fleet: this.#fleet,
      note: (text: string) => {
        this.#note(text);
      },
    };
    const faultsChance = chance.fork();
    this.#churn = new Churn({
      ...common,
      chance: chance.fork(),
      model: this.#log.membership,
      cutPowerSoon: (machine) => {
        this.#faults.cutPowerSoon(machine);
      },
    });
    this.#faults = new Faults({
      ...common,
      chance: faultsChance,
      network: this.#network,
      churn: this.#churn,
      options: this.#options,
      hashes: this.#hashes,
    });
  }

  async run(): Promise<SimulationResult> {
    let violation: Violation | undefined;
    try {
      await this.#phases();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      violation = error;
    } finally {
      this.#sabotage?.remove?.();
    }
    const { counts } = this.#faults;
    this.#statistics.finish(this.#log, this.#history, counts, this.#options.machines);
    const { arrived, damaged } = this.#network.snapshotCounts;
    this.#statistics.transfers = arrived;
    this.#statistics.transfersDamaged = damaged;
    this.#statistics.changesRejected = this.#churn.refused;
    this.#statistics.disksLost = this.#churn.disksLost;
    return {
      seed: this.#options.seed,
      options: this.#options,
      traceHash: this.#trace.hash,
      statistics: this.#statistics,
      simulatedMs: this.#timeline.nowMs,
      violation,
      lines: this.#trace.lines,
    };
  }

  async #phases(): Promise<void> {
    const { safetyMs } = this.#options;
    for (const machine of this.#fleet.members) machine.start();
    for (const client of this.#clients) void client.run();
    for (const watcher of this.#watchers) watcher.start();
    this.#faults.start();
    await this.#timeline.run(safetyMs);
    this.#calmDown();
    const end = await this.#recovery().run();
    if (end === 'quorumLost') this.#statistics.quorumsLost += 1;
    this.#judge(end);
  }

  #calmDown(): void {
    this.#note('calm');
    this.#calm = true;
    this.#faults.stop();
    this.#network.conditions = calmNetwork;
    this.#network.heal();
  }

  #recovery(): Recovery {
    const changes = this.#options.faultEveryMs.has('churn');
    return new Recovery({
      timeline: this.#timeline,
      chance: this.#chance,
      network: this.#network,
      connections: this.#connections,
      fleet: this.#fleet,
      churn: changes ? this.#churn : { isSettled: true, settle: () => undefined },
      clients: this.#clients,
      watchers: this.#watchers,
      log: this.#log,
      hashes: this.#hashes,
      note: (text) => {
        this.#note(text);
      },
    });
  }

  #judge(end: RecoveryEnd): void {
    const rateMax = Math.max(...this.#fleet.all.map(({ clock }) => clock.rate));
    checkHistory(this.#history, this.#log, this.#timeline.nowMs);
    checkWatches(this.#history, this.#log, end === 'recovered');
    checkLeases(this.#history, this.#log, rateMax);
    if (end === 'recovered') checkLeasesGone(this.#log);
  }

  #machine(index: number): Machine {
    const { clockRates, machines, config, commitBatchesMax, syncMs } = this.#options;
    const initialCluster: MemberConfig['initialCluster'] = Array.from(
      { length: machines },
      (_, n) => ({ name: machineName(n), peerUrls: [peerUrlOf(n)] }),
    );
    const machine = new Machine({
      index,
      timeline: this.#timeline,
      chance: this.#chance.fork(),
      clockRate: clockRates[index % clockRates.length] ?? 1,
      config: { ...config, initialCluster },
      commitBatchesMax,
      sabotage: this.#sabotage,
      listener: {
        note: (text) => {
          this.#note(text);
        },
        logged: (_, __, message) => {
          this.#statistics.logged(message);
        },
        gone: () => {
          this.#network.processGone(index);
        },
        ended: (ended, error) => {
          this.#ended(ended, error);
        },
      },
      transport: (process) => this.#network.transport(process),
      bootstrap: (process) => this.#network.bootstrap(process),
      toJoin: () => this.#fleet.initialCluster(),
      witness: (process) => ({
        applied: (entries, changes) => {
          this.#seen(process, entries, changes);
        },
      }),
    });
    machine.syncMs = syncMs;
    return machine;
  }

  #seen(process: Process, entries: readonly Entry[], changes: readonly RequestResult[]): void {
    const { machine, actor, member } = process;
    const last = entries.at(-1);
    if (last === undefined) return;
    machine.applied = last.index;
    machine.appliedMax = Math.max(machine.appliedMax, last.index);
    try {
      this.#log.applied(actor.name, entries, changes, this.#timeline.nowMs);
      if (member !== undefined && entries.some(({ type }) => type !== 'normal')) {
        this.#log.membership.compare(actor.name, last.index, member.peerApi.members());
      }
    } catch (error) {
      // A witness must not throw: the simulation ends after this event.
      if (!(error instanceof Violation)) throw error;
      this.#timeline.fail(error);
    }
  }

  #ended(machine: Machine, error: Error): void {
    const isJoining = machine.joins && machine.process?.member === undefined;
    const code = error instanceof MemberError ? error.code : undefined;
    if (code === 'removed') this.#endedAsRemoved(machine);
    // Whom it was told to join has changed, or does not answer: it is told anew.
    else if (isJoining && code === 'bootstrap_failed') this.#restart(machine, error);
    else if (machine.diskIsFaulty) {
      this.#statistics.diskFailures += 1;
      this.#restart(machine, error);
    } else {
      const { cause } = error;
      const text = `${machine.name}: ${error.message}${cause instanceof Error ? ` (${cause.message})` : ''}`;
      const check = machine.process?.member === undefined ? 'start' : 'member-ended';
      this.#timeline.fail(new Violation('crash', check, text, { cause: error }));
    }
  }

  /** Right for a member that was removed, and for nobody else. */
  #endedAsRemoved(machine: Machine): void {
    const { memberId, name } = machine;
    if (memberId === undefined || !this.#log.membership.isRemoved(memberId)) {
      const text = `${name} ends as if it had been removed`;
      this.#timeline.fail(new Violation('crash', 'membership', text));
      return;
    }
    this.#statistics.endedAsRemoved += 1;
    machine.kill('it was removed');
  }

  #restart(machine: Machine, error: Error): void {
    machine.kill(error.message);
    this.#timeline.after(this.#chance.waitMs(RESTART_MS), this.#observer, () => {
      machine.diskIsFaulty = machine.diskIsFaulty && !this.#calm;
      if (machine.standing === 'member') machine.start();
    });
  }

  #makeClients(workload: Workload, sabotage: Sabotage | undefined): readonly Client[] {
    const { clients, thinkMs } = this.#options;
    return Array.from(
      { length: clients },
      (_, n) =>
        new Client({
          name: `c${n}`,
          timeline: this.#timeline,
          chance: this.#chance.fork(),
          workload,
          connections: this.#connections,
          history: this.#history,
          fleet: this.#fleet,
          thinkMs,
          sabotage,
        }),
    );
  }

  #makeWatchers(workload: Workload, sabotage: Sabotage | undefined): readonly Watcher[] {
    return Array.from({ length: this.#options.watchers }, (_, n) => {
      const record = { name: `w${n}`, watches: [] };
      this.#history.watchers.push(record);
      return new Watcher({
        timeline: this.#timeline,
        chance: this.#chance.fork(),
        connections: this.#connections,
        fleet: this.#fleet,
        request: workload.watch(),
        record,
        headerRevision: () => workload.revision,
        sabotage,
      });
    });
  }

  #note(text: string): void {
    this.#trace.line(this.#timeline.nowMs, text);
  }
}
