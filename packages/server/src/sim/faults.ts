/** Makes faults happen, each kind at its own pace, and lets each end again. */
import {
  clusterService,
  DefragmentRequest,
  HashKVRequest,
  maintenanceService,
  MemberAddRequest,
  MemberRemoveRequest,
  MemberUpdateRequest,
  MoveLeaderRequest,
  StatusRequest,
} from '@kv/proto';
import type { CrashPolicy } from '@kv/wal/testing';
import type { Chance } from './chance.js';
import { CLIENT_SITE, type Connections } from './connection.js';
import type { Churn } from './churn.js';
import type { Fleet } from './fleet.js';
import { machineIndexOf, type Machine } from './machine.js';
import type { Network } from './network.js';
import type { FaultKind, SimulationOptions } from './options.js';
import type { HashChecker } from './checkers/hash-checker.js';
import { Actor, type Timeline } from './timeline.js';
import { assertNever } from '../invariant.js';

export interface FaultParts {
  readonly timeline: Timeline;
  readonly chance: Chance;
  readonly network: Network;
  readonly connections: Connections;
  readonly fleet: Fleet;
  readonly churn: Pick<Churn, 'act'>;
  readonly options: SimulationOptions;
  readonly hashes: HashChecker;
  readonly note: (text: string) => void;
}

const POLICIES: readonly CrashPolicy[] = ['none', 'none', 'all', 'sectors', 'prefix'];
const CALL_TIMEOUT_MS = 2000;
const TEN_YEARS_MS: number = 10 * 365 * 86_400_000;

export class Faults {
  readonly #parts: FaultParts;
  readonly #actor: Actor = new Actor('faults');
  readonly counts: Map<FaultKind, number> = new Map<FaultKind, number>();
  #stopped = false;
  /** Votes after which power is to fail where they came from. */
  #votesAwaited = 0;

  constructor(parts: FaultParts) {
    this.#parts = parts;
    parts.network.voted = (machine) => {
      this.#voted(machine);
    };
  }

  start(): void {
    for (const [kind, everyMs] of this.#parts.options.faultEveryMs) this.#plan(kind, everyMs);
  }

  /** Nothing new happens; what goes on ends with whoever calms the world. */
  stop(): void {
    this.#stopped = true;
  }

  #plan(kind: FaultKind, everyMs: number): void {
    const { timeline, chance } = this.#parts;
    timeline.after(chance.waitMs(everyMs), this.#actor, () => {
      if (this.#stopped) return;
      this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
      this.#happen(kind);
      this.#plan(kind, everyMs);
    });
  }

  #happen(kind: FaultKind): void {
    const { chance } = this.#parts;
    switch (kind) {
      case 'powerCut':
      case 'powerCutInWrite':
      case 'powerCutInStore':
      case 'kill':
        this.#down(kind, this.#victim());
        return;
      case 'blackout':
        for (const machine of this.#parts.fleet.members) this.#down('powerCut', machine);
        return;
      case 'pause':
        this.#pause(this.#victim());
        return;
      case 'isolation':
      case 'oneWay':
      case 'split':
        this.#cutFor(chance.between(100, 4000), this.#linksOf(kind));
        return;
      case 'reject':
        this.#reject(this.#linksOf(chance.pick(['isolation', 'oneWay'])));
        return;
      case 'swizzle':
        this.#swizzle(this.#victim());
        return;
      case 'clientCut':
        this.#cutFor(chance.between(100, 3000), this.#clientLinks(this.#victim()));
        return;
      case 'slowDisk':
        this.#slowDisk(this.#victim());
        return;
      case 'fullDisk':
      case 'diskError':
        this.#failDisk(kind, this.#victim());
        return;
      case 'wallClock':
        this.#setWallClock(this.#victim());
        return;
      case 'transfer':
      case 'maintenance':
        this.#operate(kind, this.#victim());
        return;
      case 'membership':
        this.#changeMembers(this.#victim());
        return;
      case 'churn':
        this.#parts.churn.act();
        return;
      case 'voteCut':
        this.#votesAwaited += 1;
        return;
      default:
        assertNever(kind, 'a fault has a known kind');
    }
  }

  /** The leader half of the time, as far as somebody knows it. */
  #victim(): Machine {
    const { chance, fleet } = this.#parts;
    const any = chance.pick(fleet.members);
    if (chance.happens(0.5)) return any;
    return fleet.leader(any) ?? any;
  }

  /** A vote is on its way. */
  #voted(machine: Machine): void {
    const { chance, timeline } = this.#parts;
    if (this.#votesAwaited === 0 || this.#stopped) return;
    this.#votesAwaited -= 1;
    timeline.after(chance.below(3), this.#actor, () => {
      // Who loses power in calm stays away.
      if (this.#stopped) return;
      if (machine.isUp) machine.cutPower(chance.pick(POLICIES), chance.below(3) / 2);
      timeline.after(chance.between(1, 20), this.#actor, () => {
        this.#comeBack(machine);
      });
    });
  }

  #down(kind: 'powerCut' | 'powerCutInWrite' | 'powerCutInStore' | 'kill', machine: Machine): void {
    const { chance, timeline } = this.#parts;
    if (!machine.isUp) return;
    if (kind === 'kill') machine.kill('killed');
    else if (kind === 'powerCut') machine.cutPower(chance.pick(POLICIES), chance.below(3) / 2);
    else if (kind === 'powerCutInWrite') machine.cutPowerDuring(chance.below(12));
    else machine.cutPowerInStore(chance.below(30));
    const downMs = chance.happens(0.3) ? chance.between(1, 50) : chance.between(100, 4000);
    timeline.after(downMs, this.#actor, () => {
      this.#comeBack(machine);
    });
  }

  /** Power that fails inside of a call fails when that call comes: the machine is looked at again and again. */
  #comeBack(machine: Machine): void {
    if (this.#stopped) return;
    machine.start();
    const { timeline, chance } = this.#parts;
    timeline.after(chance.between(500, 3000), this.#actor, () => {
      if (!machine.isUp) this.#comeBack(machine);
    });
  }

  #pause(machine: Machine): void {
    const { chance, timeline } = this.#parts;
    machine.pause();
    timeline.after(chance.pick([50, 500, 1000, 3000, 6000]), this.#actor, () => {
      machine.resume();
    });
  }

  #linksOf(kind: 'isolation' | 'oneWay' | 'split'): readonly (readonly [number, number])[] {
    const { chance, fleet } = this.#parts;
    const indexes = fleet.members.map(({ index }) => index);
    if (kind === 'oneWay') {
      const { index } = this.#victim();
      const others = chance.happens(0.5) ? indexes : [chance.pick(indexes)];
      const outwards = chance.happens(0.5);
      return others
        .filter((other) => other !== index)
        .map((other) => (outwards ? [index, other] : [other, index]));
    }
    const group = new Set(
      kind === 'isolation'
        ? [this.#victim().index]
        : chance.shuffled(indexes).slice(0, Math.ceil(indexes.length / 2)),
    );
    return indexes.flatMap((from) =>
      indexes.filter((to) => group.has(from) !== group.has(to)).map((to) => [from, to] as const),
    );
  }

  #cutFor(ms: number, links: readonly (readonly [number, number])[]): void {
    const { network, timeline, note } = this.#parts;
    if (links.length === 0) return;
    note(`cut ${links.map((link) => link.join('>')).join(' ')} for ${ms} ms`);
    for (const [from, to] of links) network.cut(from, to);
    timeline.after(ms, this.#actor, () => {
      if (this.#stopped) return;
      for (const [from, to] of links) network.join(from, to);
    });
  }

  /** Some of those whose links are cut are told so at once, and take it for the end of a process. */
  #reject(links: readonly (readonly [number, number])[]): void {
    const { chance, network } = this.#parts;
    this.#cutFor(chance.between(100, 4000), links);
    for (const [from, to] of links) if (chance.happens(0.7)) network.refuse(from, to);
  }

  #swizzle({ index }: Machine): void {
    const { chance, fleet, timeline, network, note } = this.#parts;
    const others = fleet.members.map((machine) => machine.index).filter((other) => other !== index);
    note(`swizzle m${index}`);
    const stepMs = chance.between(50, 500);
    const cut = (other: number, isCut: boolean): void => {
      if (this.#stopped) return;
      if (isCut) network.cut(index, other);
      else network.join(index, other);
      if (isCut) network.cut(other, index);
      else network.join(other, index);
    };
    for (const [n, other] of chance.shuffled(others).entries()) {
      timeline.after(n * stepMs, this.#actor, () => {
        cut(other, true);
      });
    }
    for (const [n, other] of chance.shuffled(others).entries()) {
      timeline.after((others.length + 1 + n) * stepMs, this.#actor, () => {
        cut(other, false);
      });
    }
  }

  #clientLinks({ index }: Machine): readonly (readonly [number, number])[] {
    const both = [
      [CLIENT_SITE, index],
      [index, CLIENT_SITE],
    ] as const;
    return this.#parts.chance.happens(0.5) ? both : [this.#parts.chance.pick(both)];
  }

  #slowDisk(machine: Machine): void {
    const { chance, timeline, options, note } = this.#parts;
    const ms = chance.pick([50, 200, 800, 3000]);
    note(`${machine.name} has a disk of ${ms} ms`);
    machine.syncMs = [ms / 2, ms];
    timeline.after(chance.between(500, 5000), this.#actor, () => {
      machine.syncMs = options.syncMs;
    });
  }

  #failDisk(kind: 'fullDisk' | 'diskError', machine: Machine): void {
    const { chance, timeline, note } = this.#parts;
    machine.diskIsFaulty = true;
    if (kind === 'diskError') {
      const operation = chance.pick(['write', 'sync', 'sync', 'syncDirectory', 'rename'] as const);
      note(`${machine.name}: the next ${operation} fails`);
      machine.disk.fail(operation, 1, 'EIO');
      return;
    }
    note(`${machine.name}: the disk is full`);
    machine.disk.limitSpace(chance.below(20_000));
    timeline.after(chance.between(500, 5000), this.#actor, () => {
      machine.forgive();
      if (!machine.isUp && !this.#stopped) machine.start();
    });
  }

  #setWallClock(machine: Machine): void {
    const { chance, note } = this.#parts;
    note(`${machine.name}: the wall clock is set`);
    if (chance.happens(0.3)) machine.clock.freezeWall();
    else {
      machine.clock.jump(
        chance.pick([-1000, 1000, -3_600_000, 3_600_000, -TEN_YEARS_MS, TEN_YEARS_MS]),
      );
    }
  }

  #operate(kind: 'transfer' | 'maintenance', machine: Machine): void {
    const { chance, connections, network, fleet, hashes, note } = this.#parts;
    const { moveLeader, hashKV, defragment, status } = maintenanceService;
    const call = connections.call.bind(connections);
    if (kind === 'transfer') {
      const target = chance.pick(fleet.members).member?.view().memberId;
      const leader = fleet.leader(machine);
      if (target === undefined || leader === undefined) return;
      note(`leadership is to move to m${network.machineOf(target) ?? -1}`);
      const request = MoveLeaderRequest.create({ targetID: target });
      void call(this.#actor, leader, moveLeader, request, CALL_TIMEOUT_MS);
      return;
    }
    const dice = chance.below(3);
    if (dice === 0) {
      const request = DefragmentRequest.create();
      void call(this.#actor, machine, defragment, request, CALL_TIMEOUT_MS);
    } else if (dice === 1) {
      void call(this.#actor, machine, status, StatusRequest.create(), CALL_TIMEOUT_MS);
    } else {
      const request = HashKVRequest.create({ revision: BigInt(0) });
      void call(this.#actor, machine, hashKV, request, CALL_TIMEOUT_MS).then((outcome) => {
        if (outcome.type === 'ok') hashes.told(machine.name, outcome.response);
      });
    }
  }

  /** Power fails in one of the next changes of this disk. */
  cutPowerSoon(machine: Machine): void {
    if (!this.#stopped) this.#down('powerCutInWrite', machine);
  }

  /** One that is nowhere: voters stay as they are, and the members that there are keep their addresses. */
  #changeMembers(machine: Machine): void {
    const { chance, connections, note } = this.#parts;
    const { memberAdd, memberUpdate, memberRemove } = clusterService;
    const call = connections.call.bind(connections);
    const members = machine.member?.peerApi.members() ?? [];
    const learner = members.find(
      ({ isLearner, peerUrls: [url = ''] }) => isLearner && machineIndexOf(url) === undefined,
    );
    const peerURLs = [`http://absent${chance.below(1000)}:2380`];
    if (learner === undefined) {
      note('a learner is to be added');
      const request = MemberAddRequest.create({ peerURLs, isLearner: true });
      void call(this.#actor, machine, memberAdd, request, CALL_TIMEOUT_MS);
    } else if (chance.happens(0.3)) {
      const request = MemberUpdateRequest.create({ ID: learner.id, peerURLs });
      void call(this.#actor, machine, memberUpdate, request, CALL_TIMEOUT_MS);
    } else {
      note('the learner is to be removed');
      const request = MemberRemoveRequest.create({ ID: learner.id });
      void call(this.#actor, machine, memberRemove, request, CALL_TIMEOUT_MS);
    }
  }
}
