/**
 * The operator of the simulated cluster, who changes its membership while faults go on: members come as voters or as learners and are
 * promoted, leave, move to other addresses, lose their disks and are replaced; sometimes two changes are asked for at once, sometimes
 * what makes no sense (F-26).
 *
 * ```
 *   ask ──▶ some member ──▶ log ──▶ MembershipModel ──▶ followed: the machine that was added is started, to join
 *    └─ open (OpenChanges): it may happen, or may have happened, until the answer or the log says what became of it
 * ```
 *
 * The operator takes no majority away for ever: whatever becomes of what is open, more than half of the voters have their disks.
 */
import {
  clusterService,
  MemberAddRequest,
  MemberPromoteRequest,
  MemberRemoveRequest,
  MemberUpdateRequest,
  type UnaryMethod,
} from '@kv/proto';
import type { MemberId } from '../ids.js';
import type { Chance } from './chance.js';
import type { MembershipModel, MembershipStep } from './checkers/membership-model.js';
import type { CallOutcome, Connections } from './connection.js';
import type { Fleet } from './fleet.js';
import { peerUrlOf, type Machine } from './machine.js';
import { OpenChanges, type OpenChange } from './open-changes.js';
import { Actor, type Timeline } from './timeline.js';

export interface ChurnParts {
  readonly timeline: Timeline;
  readonly chance: Chance;
  readonly connections: Connections;
  readonly fleet: Fleet;
  readonly model: MembershipModel;
  /** Power is to fail there, in one of the next changes of its disk. */
  readonly cutPowerSoon: (machine: Machine) => void;
  readonly note: (text: string) => void;
}

/** Longer than a member keeps trying to promote. */
const CALL_TIMEOUT_MS = 8000;
/** Voters that the operator has in mind. */
const GOALS: readonly number[] = [1, 2, 3, 3, 4, 5];
/** A machine that was added is started so much later. */
const START_MS: readonly number[] = [0, 10, 200, 2000];
/** What `--strict-reconfig-check` says. Nothing was done then, which the codes of the errors do not promise. */
const STRICT: readonly string[] = [
  'etcdserver: unhealthy cluster',
  'etcdserver: re-configuration failed due to not enough started members',
];

export class Churn {
  readonly #parts: ChurnParts;
  readonly #actor: Actor = new Actor('operator');
  readonly #open: OpenChanges;
  /** Calls that were not answered yet. */
  #calls = 0;
  /** Additions of a machine that may yet come through, at any time: until then it keeps its address. */
  readonly #additions = new Map<Machine, number>();
  #goal: number;
  /** Changes that the strict check refused, and disks that were lost. */
  refused = 0;
  disksLost = 0;

  constructor(parts: ChurnParts) {
    this.#parts = parts;
    this.#open = new OpenChanges(parts.fleet, parts.model);
    this.#goal = parts.chance.pick(GOALS);
    parts.model.changed = (step) => {
      this.#follow(step);
    };
  }

  /** Nothing that was asked for is open any more, and all members that have a disk have a log. */
  get isSettled(): boolean {
    const { fleet, model } = this.#parts;
    const known = model.members.filter(({ hasPublished }) => hasPublished).map(({ id }) => id);
    return (
      this.#open.isEmpty &&
      fleet.members.every(({ memberId }) => memberId !== undefined && known.includes(memberId))
    );
  }

  /** All members serve, and have done so for long enough that nothing can be under way. */
  settle(): void {
    this.#open.clear();
  }

  /** The next step of the operator. */
  act(): void {
    const { chance, fleet, model } = this.#parts;
    // Before, nobody can join, in etcd neither: one voter that is added to one would leave both without a majority.
    if (!model.hasVersion) return;
    const [lost] = fleet.lost;
    if (lost?.memberId !== undefined && chance.happens(0.7)) {
      this.#remove(lost.memberId);
      return;
    }
    // With patience, but for now and then.
    if (this.#calls > 0 && chance.happens(0.7)) return;
    this.#step();
    if (chance.happens(0.15)) this.#step();
    if (!chance.happens(0.3)) return;
    this.#parts.cutPowerSoon(chance.pick(fleet.members));
  }

  #step(): void {
    const { chance, fleet, model } = this.#parts;
    const voters = model.voters.length;
    const dice = chance.below(20);
    if (dice === 0) this.#askNonsense();
    else if (dice === 1) this.#loseDisk();
    else if (dice === 2) this.#startRemoved();
    else if (dice < 5) this.#update();
    else if (fleet.learners.length > 0 && dice < 12) this.#settleLearner();
    else if (voters < this.#goal) this.#add(chance.happens(0.5));
    else if (voters > this.#goal) this.#removeOne();
    else {
      this.#goal = chance.pick(GOALS);
      // A member is replaced by another one.
      if (chance.happens(0.5)) this.#removeOne();
    }
  }

  #add(isLearner: boolean): void {
    const { fleet, note } = this.#parts;
    const machine = fleet.spare();
    if (machine === undefined) return;
    note(`${machine.name} is to be added as a ${isLearner ? 'learner' : 'voter'}`);
    const request = MemberAddRequest.create({ peerURLs: [peerUrlOf(machine.index)], isLearner });
    this.#ask({ kind: 'add', machine }, clusterService.memberAdd, request);
  }

  #settleLearner(): void {
    const { chance, fleet } = this.#parts;
    const id = chance.pick(fleet.learners).memberId;
    if (id === undefined) return;
    if (chance.happens(0.15)) this.#remove(id);
    else this.#promote(id);
  }

  #promote(id: MemberId): void {
    this.#parts.note(`${this.#nameOf(id)} is to be promoted`);
    const request = MemberPromoteRequest.create({ ID: id });
    this.#ask({ kind: 'promote', id }, clusterService.memberPromote, request);
  }

  /** The leader often; those that are down, too. */
  #removeOne(): void {
    const { chance, fleet } = this.#parts;
    const any = fleet.voters.length === 0 ? undefined : chance.pick(fleet.voters);
    const machine = any !== undefined && chance.happens(0.4) ? (fleet.leader(any) ?? any) : any;
    const id = machine?.memberId;
    if (id !== undefined && this.#open.isSafeWith([id], [])) this.#remove(id);
  }

  #remove(id: MemberId): void {
    this.#parts.note(`${this.#nameOf(id)} is to be removed`);
    const request = MemberRemoveRequest.create({ ID: id });
    this.#ask({ kind: 'remove', id }, clusterService.memberRemove, request);
  }

  /** To another name of its machine. Not where an addition that is open could take the old one. */
  #update(): void {
    const { chance, fleet, note } = this.#parts;
    const machine = chance.pick(fleet.members);
    const { memberId: id, index, name } = machine;
    if (id === undefined || this.#mayBeAdded(machine)) return;
    note(`${name} is to have another address`);
    const peerURLs = [peerUrlOf(index, chance.below(100))];
    const request = MemberUpdateRequest.create({ ID: id, peerURLs });
    this.#ask({ kind: 'harmless' }, clusterService.memberUpdate, request);
  }

  #loseDisk(): void {
    const { chance, fleet } = this.#parts;
    const machine = fleet.voters.length === 0 ? undefined : chance.pick(fleet.voters);
    const id = machine?.memberId;
    if (machine === undefined || id === undefined || !this.#open.isSafeWith([], [id])) return;
    this.disksLost += 1;
    fleet.lose(machine);
  }

  /** One that was removed, with all that it had: it must say so, and end. Or its machine is emptied, to be used again. */
  #startRemoved(): void {
    const { chance, fleet } = this.#parts;
    const machine = fleet.removed.find(({ isUp }) => !isUp);
    if (machine === undefined) return;
    if (chance.happens(0.5)) machine.start();
    else fleet.clear(machine);
  }

  /** Answered by an error, or by nothing. */
  #askNonsense(): void {
    const { chance, fleet, note } = this.#parts;
    note('something is asked for that makes no sense');
    const { memberAdd, memberRemove, memberPromote } = clusterService;
    const ID = fleet.removed[0]?.memberId ?? 1n;
    const change: OpenChange = { kind: 'harmless' };
    const dice = chance.below(3);
    if (dice === 0) this.#ask(change, memberAdd, MemberAddRequest.create({ peerURLs: [] }));
    else if (dice === 1) this.#ask(change, memberRemove, MemberRemoveRequest.create({ ID }));
    else this.#ask(change, memberPromote, MemberPromoteRequest.create({ ID }));
  }

  #ask<Request, Response>(
    change: OpenChange,
    method: UnaryMethod<Request, Response>,
    request: Request,
  ): void {
    const { chance, fleet, connections, note } = this.#parts;
    const up = fleet.members.filter(({ member }) => member !== undefined);
    const any = chance.pick(up.length > 0 ? up : fleet.members);
    const asked = chance.happens(0.5) ? (fleet.leader(any) ?? any) : any;
    this.#open.begin(change);
    if (change.kind === 'add') this.#countAddition(change.machine, 1);
    this.#calls += 1;
    const ended = (outcome: CallOutcome<Response>): void => {
      this.#calls -= 1;
      if (outcome.type !== 'ok') {
        const { message } = outcome;
        note(`the operator hears: ${message}`);
        if (STRICT.includes(message)) this.refused += 1;
        else if (outcome.type === 'unknown' && change.kind !== 'harmless') return;
      }
      this.#open.end(change);
      if (change.kind === 'add') this.#countAddition(change.machine, -1);
    };
    void connections.call(this.#actor, asked, method, request, CALL_TIMEOUT_MS).then(ended);
  }

  #countAddition(machine: Machine, by: 1 | -1): void {
    this.#additions.set(machine, (this.#additions.get(machine) ?? 0) + by);
  }

  #mayBeAdded(machine: Machine): boolean {
    return (this.#additions.get(machine) ?? 0) > 0;
  }

  /** The log says what became of something. */
  #follow(step: MembershipStep): void {
    const { fleet, timeline, chance, note } = this.#parts;
    note(`${this.#nameOf(step.member.id)} ${step.kind}`);
    const machine = fleet.follow(step);
    this.#open.prune();
    if (machine === undefined) return;
    timeline.after(chance.pick(START_MS), this.#actor, () => {
      if (machine.memberId === step.member.id && machine.standing === 'member') machine.start();
    });
  }

  #nameOf(id: MemberId): string {
    return this.#parts.fleet.find(id)?.name ?? id.toString(16);
  }
}
