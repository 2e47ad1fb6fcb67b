/** The machines of a simulation: those that there are, and what each is to the cluster, as far as its log says. */
import { foundingMemberId } from '../cluster/identity.js';
import { defaultMemberConfig, type InitialMember } from '../member-config.js';
import { invariant } from '../invariant.js';
import type { MembershipModel, MembershipStep, ModelMember } from './checkers/membership-model.js';
import { machineIndexOf, peerUrlOf, type Machine } from './machine.js';

/** Machines that there may be, founders included. */
const MACHINES_MAX = 8;

export class Fleet {
  readonly #machines: Machine[];
  readonly #model: MembershipModel;
  readonly #make: (index: number) => Machine;

  /** `make`: one more machine. The founders are there from the beginning. */
  constructor(founders: number, model: MembershipModel, make: (index: number) => Machine) {
    this.#model = model;
    this.#make = make;
    this.#machines = Array.from({ length: founders }, (_, index) => make(index));
    for (const machine of this.#machines) {
      const { initialClusterToken } = defaultMemberConfig;
      machine.memberId = foundingMemberId([peerUrlOf(machine.index)], initialClusterToken);
    }
  }

  /** Every machine that ever was, by its index. */
  get all(): readonly Machine[] {
    return this.#machines;
  }

  /** Those that are to run, or to come back: of the cluster, with a disk. */
  get members(): readonly Machine[] {
    return this.#machines.filter(({ standing }) => standing === 'member');
  }

  get voters(): readonly Machine[] {
    return this.members.filter((machine) => this.#memberOf(machine)?.isLearner === false);
  }

  get learners(): readonly Machine[] {
    return this.members.filter((machine) => this.#memberOf(machine)?.isLearner === true);
  }

  /** Still of the cluster, but their disks are gone: nothing is to be expected of them. */
  get lost(): readonly Machine[] {
    return this.#machines.filter(({ standing }) => standing === 'lost');
  }

  get removed(): readonly Machine[] {
    return this.#machines.filter(({ standing }) => standing === 'removed');
  }

  /** A machine that is no member, with an empty disk. Undefined when there are enough. */
  spare(): Machine | undefined {
    const idle = this.#machines.find(({ standing }) => standing === 'spare');
    if (idle !== undefined || this.#machines.length >= MACHINES_MAX) return idle;
    const made = this.#make(this.#machines.length);
    made.standing = 'spare';
    made.joins = true;
    this.#machines.push(made);
    return made;
  }

  /** Where a peer URL leads. */
  at(url: string): Machine | undefined {
    const index = machineIndexOf(url);
    return index === undefined ? undefined : this.#machines[index];
  }

  /** Who leads, as far as the member on this machine knows. */
  leader(witness: Machine): Machine | undefined {
    const id = witness.member?.view().leaderId;
    const leader = id === undefined ? undefined : this.find(id);
    return leader?.standing === 'member' ? leader : undefined;
  }

  find(id: bigint): Machine | undefined {
    return this.#machines.find(({ memberId }) => memberId === id);
  }

  /**
   * The log has changed the membership. Returns the machine that this made a member, if it did: it is to be started, to join these
   * members.
   */
  follow({ kind, member }: MembershipStep): Machine | undefined {
    if (kind === 'removed') {
      const machine = this.find(member.id);
      if (machine?.standing === 'lost') this.clear(machine);
      else if (machine !== undefined) machine.standing = 'removed';
      return undefined;
    }
    const url = member.peerUrls[0];
    const machine = kind === 'added' && url !== undefined ? this.at(url) : undefined;
    // The founders are added by the first entries of the log.
    if (machine === undefined || machine.memberId === member.id) return undefined;
    invariant(machine.standing !== 'member', 'no machine is two members', {
      machine: machine.name,
    });
    // An addition that was asked for long ago may come through after the machine was a member in between.
    if (machine.standing === 'removed') machine.wipe();
    machine.standing = 'member';
    machine.memberId = member.id;
    return machine;
  }

  /** What a machine is told that begins to join: all members of now, by the names of their machines. */
  initialCluster(): readonly InitialMember[] {
    return this.#model.members.map(({ id, peerUrls }) => ({
      name: this.find(id)?.name ?? `absent-${id.toString(16)}`,
      peerUrls,
    }));
  }

  /** Its disk is gone, with the member that was on it. */
  lose(machine: Machine): void {
    machine.wipe();
    machine.standing = 'lost';
  }

  /** A member that was removed has ended: its machine gets an empty disk, and may be used again. */
  clear(machine: Machine): void {
    machine.wipe();
    machine.standing = 'spare';
    machine.memberId = undefined;
  }

  #memberOf({ memberId }: Machine): ModelMember | undefined {
    return memberId === undefined ? undefined : this.#model.find(memberId);
  }
}
