/**
 * One machine of the simulated cluster: what survives its crashes (disk, store, clock), and the process that runs on it now, which
 * is the real member. A process ends by power loss, by being killed, or by its own decision; then another one may be started.
 */
import { MemoryBackend } from '@kv/mvcc/testing';
import { FaultyDisk, PowerLoss, type CrashPolicy } from '@kv/wal/testing';
import { errorOf } from '../errors.js';
import type { BootstrapNetwork } from '../cluster/bootstrap-network.js';
import type { MemberId } from '../ids.js';
import { defaultMemberConfig, type InitialMember, type MemberConfig } from '../member-config.js';
import type { Witness } from '../member-handle.js';
import { Member } from '../member.js';
import { noMetrics } from '../metrics.js';
import type { PeerTransport } from '../peer/transport.js';
import type { Chance } from './chance.js';
import type { Sabotage } from './sabotage.js';
import { MachineClock, ProcessClock } from './process-clock.js';
import { ProcessBackend, ProcessDisk, type PowerListener } from './process-disk.js';
import { fieldsText, processLogger } from './process-log.js';
import type { LogFields, LogLevel } from '../logger.js';
import { Actor, type Timeline } from './timeline.js';

/** Small, so that segments come and go. */
const WAL_SEGMENT_BYTES: number = 16 * 1024;

/** What a machine tells. */
export interface MachineListener {
  /** Something worth a line in the trace. */
  note(text: string): void;
  /** A line of the member's log. */
  logged(machine: Machine, level: LogLevel, message: string, fields: LogFields): void;
  /** The process is gone while the machine goes on: nobody listens there. */
  gone(machine: Machine): void;
  /** The process could not start, or ended by itself. */
  ended(machine: Machine, error: Error): void;
}

export interface MachineParts {
  readonly index: number;
  readonly timeline: Timeline;
  readonly chance: Chance;
  readonly clockRate: number;
  readonly config: Partial<MemberConfig>;
  readonly commitBatchesMax: number;
  readonly listener: MachineListener;
  readonly sabotage: Sabotage | undefined;
  /** A way to the other members, for one process. */
  readonly transport: (process: Process) => PeerTransport;
  /** What a process that has no log yet asks others. */
  readonly bootstrap: (process: Process) => BootstrapNetwork;
  /** Whom to join, as of now. */
  readonly toJoin: () => readonly InitialMember[];
  readonly witness: (process: Process) => Witness;
}

/**
 * What a machine is to the cluster:
 *
 * - `member`: of the cluster, running or to be started again;
 * - `lost`: its disk is gone, but the cluster does not know that yet;
 * - `removed`: the log says that its member was removed; the process may not have heard of it;
 * - `spare`: no member; its disk is empty.
 */
export type Standing = 'member' | 'lost' | 'removed' | 'spare';

/** One life of a member. */
export interface Process {
  readonly machine: Machine;
  readonly actor: Actor;
  /** Counts the processes of this machine. */
  readonly life: number;
  /** Undefined until it has opened. */
  member: Member | undefined;
}

export class Machine {
  readonly index: number;
  readonly name: string;
  readonly clock: MachineClock;
  disk: FaultyDisk;
  backend: MemoryBackend;
  /** Kept by the fleet. */
  standing: Standing = 'member';
  /** Of the member whose disk this is; undefined while there is none. */
  memberId: MemberId | undefined;
  /** Whether it was added to a cluster that there was. */
  joins = false;
  /** The entry that a process on this disk has applied last, and the newest that any of them has. */
  applied = 0;
  appliedMax = 0;
  process: Process | undefined;
  /** A fault of the disk was injected: that the process ends of it is right. */
  diskIsFaulty = false;
  /** Milliseconds that a sync takes, both inclusive. */
  syncMs: readonly [number, number] = [1, 3];
  readonly #parts: MachineParts;
  #lives = 0;
  /** Operations of the store after which power fails; undefined while it does not. */
  #backendOperationsLeft: number | undefined;

  constructor(parts: MachineParts) {
    const { index, timeline, chance, clockRate } = parts;
    this.#parts = parts;
    this.index = index;
    this.name = machineName(index);
    this.clock = new MachineClock(timeline, clockRate, 1_000_000 * (index + 1));
    this.disk = new FaultyDisk(chance.below);
    this.backend = new MemoryBackend(this.#backendOptions());
  }

  get isUp(): boolean {
    return this.process !== undefined;
  }

  /** Open and running, as far as anybody can see. */
  get member(): Member | undefined {
    return this.process?.member;
  }

  get config(): MemberConfig {
    return {
      ...defaultMemberConfig,
      dataDir: '/data',
      name: this.name,
      initialAdvertisePeerUrls: [peerUrlOf(this.index)],
      ...this.#parts.config,
      ...(this.joins
        ? { initialClusterState: 'existing', initialCluster: this.#parts.toJoin() }
        : {}),
    };
  }

  /** Starts a process, where there is a member to start. It opens while simulated time passes. */
  start(): void {
    if (this.process !== undefined || this.standing === 'lost' || this.standing === 'spare') return;
    this.#lives += 1;
    const process: Process = {
      machine: this,
      actor: new Actor(`${this.name}.${this.#lives}`),
      life: this.#lives,
      member: undefined,
    };
    this.process = process;
    this.#parts.listener.note(`${process.actor.name} starts`);
    this.#open(process).then(
      (member) => {
        if (process.actor.hasEnded) return;
        process.member = member;
        void member.failed.then((error) => {
          this.#ended(process, error);
        });
      },
      (error: unknown) => {
        this.#ended(process, errorOf(error));
      },
    );
  }

  /** Power fails now: the process is gone, and with it what was not on stable storage. */
  cutPower(policy: CrashPolicy, keptShare: number): void {
    this.#end();
    this.disk.reboot(policy);
    const kept = Math.floor(this.backend.unsyncedCommits * keptShare);
    this.backend = this.backend.crash(kept, this.#backendOptions());
    this.#parts.listener.note(`${this.name} loses power, keeps ${policy} and ${kept} commits`);
  }

  /** The process is killed, or ends: what it has written stays. */
  kill(why: string): void {
    this.#end();
    this.disk.reboot('all');
    this.backend = this.backend.crash(this.backend.unsyncedCommits, this.#backendOptions());
    this.#parts.listener.note(`${this.name} is gone: ${why}`);
    this.#parts.listener.gone(this);
  }

  /** Disk and store are empty now; who comes next is somebody else, who joins. */
  wipe(): void {
    this.#end();
    this.disk = new FaultyDisk(this.#parts.chance.below);
    this.backend = new MemoryBackend(this.#backendOptions());
    this.diskIsFaulty = false;
    this.joins = true;
    this.applied = 0;
    this.appliedMax = 0;
    this.#parts.listener.note(`${this.name} has an empty disk`);
  }

  /** Power fails after so many changes of the disk, in the midst of what goes on then. */
  cutPowerDuring(diskOperations: number): void {
    this.disk.crashAt(this.disk.operations + diskOperations);
  }

  /** The same for operations of the store. */
  cutPowerInStore(operations: number): void {
    this.#backendOperationsLeft = operations;
  }

  pause(): void {
    this.process?.actor.pause();
    this.#parts.listener.note(`${this.name} pauses`);
  }

  resume(): void {
    if (this.process === undefined) return;
    this.#parts.listener.note(`${this.name} goes on`);
    this.#parts.timeline.resume(this.process.actor);
  }

  /** Nothing was planned any more. */
  forgive(): void {
    this.disk.forgiveAll();
    this.diskIsFaulty = false;
    this.disk.crashAt(Number.POSITIVE_INFINITY);
    this.#backendOperationsLeft = undefined;
  }

  #backendOptions(): ConstructorParameters<typeof MemoryBackend>[0] {
    return { readFile: (path) => this.disk.content(path) };
  }

  #end(): void {
    this.process?.actor.end();
    this.process = undefined;
    this.#backendOperationsLeft = undefined;
  }

  #ended(process: Process, error: Error): void {
    // Power failed underneath, or it was killed: whatever it says then, nobody hears.
    if (process.actor.hasEnded || this.process !== process) return;
    this.#parts.listener.ended(this, error);
  }

  #open(process: Process): Promise<Member> {
    const { actor } = process;
    const { timeline, chance, listener, sabotage } = this.#parts;
    const latency = (): Promise<void> => {
      return timeline.wait(chance.between(...this.syncMs), actor);
    };
    this.disk.delaySyncs(latency);
    const power: PowerListener = {
      powerFailed: () => {
        this.#powerFailed(process);
      },
    };
    this.backend = this.backend.crash(this.backend.unsyncedCommits, {
      ...this.#backendOptions(),
      fault: () => this.#storeFault(),
    });
    const fileSystem = new ProcessDisk(this.disk, actor, power);
    const backend = new ProcessBackend(this.backend, actor, power, latency);
    return Member.open(this.config, {
      clock: new ProcessClock(timeline, this.clock, actor),
      logger: processLogger({
        line: (level, message, fields) => {
          if (actor.hasEnded) return;
          listener.logged(this, level, message, fields);
          if (level !== 'debug' && level !== 'info') {
            listener.note(`${this.name} ${level}: ${message} ${fieldsText(fields)}`);
          }
        },
      }),
      metrics: noMetrics,
      random: chance.below,
      fileSystem: sabotage?.fileSystem?.(fileSystem, this.index) ?? fileSystem,
      walSegmentBytes: WAL_SEGMENT_BYTES,
      commitBatchesMax: this.#parts.commitBatchesMax,
      openBackend: () => sabotage?.backend?.(backend, this.index) ?? backend,
      openImage: (path) => {
        const bytes = this.disk.content(path);
        return MemoryBackend.fromImage(sabotage?.verified?.(bytes) ?? bytes);
      },
      peers: this.#parts.transport(process),
      bootstrap: this.#parts.bootstrap(process),
      witness: this.#parts.witness(process),
    });
  }

  /** In the midst of a call of the process: what is left of this turn reaches nobody. The disk follows in the next event. */
  #powerFailed(process: Process): void {
    if (this.process !== process || process.actor.hasEnded) return;
    process.actor.end();
    const { timeline, chance } = this.#parts;
    timeline.after(0, new Actor('power'), () => {
      if (this.process !== process) return;
      this.cutPower(
        chance.pick<CrashPolicy>(['none', 'all', 'sectors', 'prefix']),
        chance.below(3) / 2,
      );
    });
  }

  #storeFault(): Error | undefined {
    if (this.#backendOperationsLeft === undefined) return undefined;
    this.#backendOperationsLeft -= 1;
    return this.#backendOperationsLeft < 0 ? new PowerLoss('power fails in the store') : undefined;
  }
}

export function machineName(index: number): string {
  return `m${index}`;
}

/** A machine is reached by many names: `alias` tells them apart. */
export function peerUrlOf(index: number, alias = 0): string {
  const host = alias === 0 ? machineName(index) : `${machineName(index)}-${alias}`;
  return `http://${host}:2380`;
}

/** The machine that is reached by a URL; undefined when there is none of that name. */
export function machineIndexOf(url: string): number | undefined {
  const match = /^http:\/\/m(\d{1,4})(?:-\d{1,4})?:2380$/.exec(url);
  return match === null ? undefined : Number(match[1]);
}
