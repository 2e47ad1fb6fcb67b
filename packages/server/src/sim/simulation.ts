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
import type { MemberConfig } from '../member-config.js';
import { maintenanceService, HashKVRequest } from '@kv/proto';
import { Chance } from './chance.js';
import { findDifference, HashChecker, rowsOf } from './checkers/hash-checker.js';
import { checkHistory } from './checkers/history-checker.js';
import { checkLeases, checkLeasesGone } from './checkers/lease-checker.js';
import { LogChecker } from './checkers/log-checker.js';
import { checkWatches } from './checkers/watch-checker.js';
import { Client } from './client.js';
import { Connections } from './connection.js';
import type { Defect, Sabotage } from './defects.js';
import { Faults } from './faults.js';
import { History } from './history.js';
import { Machine, machineName, peerUrlOf, type Process } from './machine.js';
import { calmNetwork, Network } from './network.js';
import { drawOptions, type SimulationOptions } from './options.js';
import { Statistics } from './statistics.js';
import { Actor, Timeline } from './timeline.js';
import { Trace } from './trace.js';
import { Violation } from './violation.js';
import { Watcher } from './watcher.js';
import { Workload } from './workload.js';

/** Within this a connected majority must serve: some election timeouts, and a client's patience. */
const RECOVERY_MS = 20_000;
/** Within this all members must have caught up. */
const CONVERGENCE_MS = 30_000;
/** The longest lease, twice (a new leader may extend it once), on the slowest clock, an election, and 2 s. */
const LEASES_MS = 17_000;
const STEP_MS = 100;
const RESTART_MS = 300;

export interface SimulationSettings {
  /** Replaces what the seed has drawn. */
  readonly overrides?: Partial<SimulationOptions>;
  readonly defect?: Defect;
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
  readonly #machines: readonly Machine[];
  readonly #history: History = new History();
  readonly #log: LogChecker = new LogChecker();
  readonly #hashes: HashChecker;
  readonly #faults: Faults;
  readonly #clients: readonly Client[];
  readonly #watchers: readonly Watcher[];
  readonly #connections: Connections;
  readonly #statistics: Statistics = new Statistics();
  readonly #observer: Actor = new Actor('observer');
  /** The last entry that the process of a machine has applied. */
  readonly #applied = new Map<number, number>();
  readonly #sabotage: Sabotage | undefined;
  #calm = false;

  constructor(seed: number, { overrides = {}, defect, print }: SimulationSettings) {
    const sabotage = defect?.install();
    this.#sabotage = sabotage;
    const chance = new Chance(seed);
    this.#chance = chance;
    this.#trace = new Trace(print);
    this.#options = { ...drawOptions(seed, chance.fork()), ...defect?.overrides, ...overrides };
    const { network, machines } = this.#options;
    this.#network = new Network(this.#timeline, chance.fork(), this.#trace, network);
    this.#hashes = new HashChecker((violation) => {
      this.#timeline.fail(violation);
    });
    this.#machines = Array.from({ length: machines }, (_, index) => this.#machine(index, sabotage));
    this.#connections = new Connections(this.#timeline, this.#network, this.#trace, sabotage);
    const workload = new Workload(chance.fork());
    this.#clients = this.#makeClients(workload, sabotage);
    this.#watchers = this.#makeWatchers(workload, sabotage);
    this.#faults = new Faults({
      timeline: this.#timeline,
      chance: chance.fork(),
      network: this.#network,
      connections: this.#connections,
      machines: this.#machines,
      options: this.#options,
      hashes: this.#hashes,
      note: (text) => {
        this.#note(text);
      },
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
    this.#statistics.finish(this.#log, this.#history, counts);
    this.#statistics.transfers = this.#network.snapshots;
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
    for (const machine of this.#machines) machine.start();
    for (const client of this.#clients) void client.run();
    for (const watcher of this.#watchers) watcher.start();
    this.#faults.start();
    await this.#timeline.run(safetyMs);
    await this.#recover();
    await this.#converge();
    this.#judge();
  }

  /** Faults stop. A majority is left in peace, the others stay away; each of the majority must serve. */
  async #recover(): Promise<void> {
    this.#note('calm');
    this.#calm = true;
    this.#faults.stop();
    this.#network.conditions = calmNetwork;
    this.#network.heal();
    const order = this.#chance.shuffled(this.#machines);
    const core = order.slice(0, Math.floor(order.length / 2) + 1);
    for (const machine of order) {
      machine.forgive();
      machine.syncMs = [1, 3];
      if (core.includes(machine)) this.#bringBack(machine);
      else this.#sendAway(machine);
    }
    this.#note(`the core is ${core.map(({ name }) => name).join(' ')}`);
    const probe = this.#probe(core);
    await this.#timeline.run(this.#timeline.nowMs + RECOVERY_MS, probe.isDone);
    if (!probe.isDone()) throw new Violation('liveness', 'progress', probe.problem());
  }

  #bringBack(machine: Machine): void {
    machine.resume();
    machine.start();
  }

  /** Off, or alone: both must not matter to the others. */
  #sendAway(machine: Machine): void {
    if (this.#chance.happens(0.5)) {
      if (machine.isUp) machine.kill('sent away');
      return;
    }
    for (const { index } of this.#machines) {
      if (index === machine.index) continue;
      this.#network.cut(index, machine.index);
      this.#network.cut(machine.index, index);
    }
  }

  /** All come back, clients stop, leases run out; then all have the same. */
  async #converge(): Promise<void> {
    this.#note('all come back');
    this.#network.heal();
    for (const machine of this.#machines) this.#bringBack(machine);
    for (const client of this.#clients) client.stop();
    const all = this.#probe(this.#machines);
    await this.#timeline.run(this.#timeline.nowMs + CONVERGENCE_MS, all.isDone);
    if (!all.isDone()) throw new Violation('liveness', 'convergence', all.problem());
    for (const watcher of this.#watchers) watcher.settle();
    await this.#timeline.run(this.#timeline.nowMs + LEASES_MS);
    // One more entry, so that each process says where it is.
    const last = this.#probe(this.#machines.slice(0, 1));
    await this.#timeline.run(this.#timeline.nowMs + CONVERGENCE_MS, () => {
      return last.isDone() && this.#haveCaughtUp();
    });
    if (!this.#haveCaughtUp()) {
      const at = this.#machines.map(({ index }) => this.#applied.get(index) ?? 0);
      const text = `members stay at ${at.join(', ')} of ${this.#log.entries.length} entries`;
      throw new Violation('liveness', 'convergence', text);
    }
    await this.#compareHashes();
    await this.#timeline.run(this.#timeline.nowMs + 1000);
  }

  #haveCaughtUp(): boolean {
    const { length } = this.#log.entries;
    return this.#machines.every(({ index }) => this.#applied.get(index) === length);
  }

  async #compareHashes(): Promise<void> {
    let answers = 0;
    for (const machine of this.#machines) {
      const request = HashKVRequest.create();
      void this.#connections
        .call(this.#observer, machine, maintenanceService.hashKV, request, 5000)
        .then((outcome) => {
          answers += 1;
          if (outcome.type === 'ok') this.#hashes.told(machine.name, outcome.response);
        });
    }
    const done = (): boolean => answers === this.#machines.length;
    await this.#timeline.run(this.#timeline.nowMs + 6000, done);
    const [first, ...others] = this.#machines.map((machine) => rowsOf(machine.backend));
    for (const [n, other] of others.entries()) {
      const name = first === undefined ? undefined : findDifference(first, other);
      if (name === undefined) continue;
      const text = `m${n + 1} differs from m0 in ${JSON.stringify(name)}`;
      throw new Violation('correctness', 'state-hash', text);
    }
  }

  #judge(): void {
    const rateMax = Math.max(...this.#machines.map(({ clock }) => clock.rate));
    checkHistory(this.#history, this.#log, this.#timeline.nowMs);
    checkWatches(this.#history, this.#log, true);
    checkLeases(this.#history, this.#log, rateMax);
    checkLeasesGone(this.#log);
  }

  /** Each of them in turn must do a put and a linearizable read. */
  #probe(machines: readonly Machine[]): { isDone: () => boolean; problem: () => string } {
    const left = [...machines];
    const client = this.#clients[0];
    const next = (): void => {
      const machine = left[0];
      if (machine === undefined || client === undefined) return;
      void client.serves(machine).then((serves) => {
        if (serves) left.shift();
        this.#timeline.after(STEP_MS, this.#observer, next);
      });
    };
    next();
    return {
      isDone: () => left.length === 0,
      problem: () => `${left.map(({ name }) => name).join(' ')} did not serve in calm`,
    };
  }

  #machine(index: number, sabotage: Sabotage | undefined): Machine {
    const { clockRates, machines, config, syncMs } = this.#options;
    const initialCluster: MemberConfig['initialCluster'] = Array.from(
      { length: machines },
      (_, n) => ({ name: machineName(n), peerUrls: [peerUrlOf(n)] }),
    );
    const machine = new Machine({
      index,
      timeline: this.#timeline,
      chance: this.#chance.fork(),
      clockRate: clockRates[index] ?? 1,
      config: { ...config, initialCluster },
      sabotage,
      listener: {
        note: (text) => {
          this.#note(text);
        },
        logged: (_, __, message) => {
          this.#statistics.logged(message);
        },
        ended: (ended, error) => {
          this.#ended(ended, error);
        },
      },
      transport: (process) => this.#network.transport(process),
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
    const { machine, actor } = process;
    const last = entries.at(-1);
    if (last === undefined) return;
    this.#applied.set(machine.index, last.index);
    try {
      this.#log.applied(actor.name, entries, changes, this.#timeline.nowMs);
    } catch (error) {
      // A witness must not throw: the simulation ends after this event.
      if (!(error instanceof Violation)) throw error;
      this.#timeline.fail(error);
    }
  }

  #ended(machine: Machine, error: Error): void {
    const started = machine.process?.member !== undefined;
    if (!machine.diskIsFaulty) {
      const { cause } = error;
      const text = `${machine.name}: ${error.message}${cause instanceof Error ? ` (${cause.message})` : ''}`;
      const check = started ? 'member-ended' : 'start';
      this.#timeline.fail(new Violation('crash', check, text, { cause: error }));
      return;
    }
    this.#statistics.diskFailures += 1;
    machine.kill(error.message);
    this.#timeline.after(this.#chance.waitMs(RESTART_MS), this.#observer, () => {
      machine.diskIsFaulty = machine.diskIsFaulty && !this.#calm;
      machine.start();
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
          machines: this.#machines,
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
        machines: this.#machines,
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
