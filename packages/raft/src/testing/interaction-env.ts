/** A cluster in one process whose every step is a command: the environment of etcd-io/raft's interaction scenarios. */
import type { Message, MessageType } from '../message.js';
import type { Ready, StorageResponse } from '../ready.js';
import {
  NO_DATA,
  toIndex,
  toNodeId,
  toTerm,
  EMPTY_CONF_STATE,
  type ConfState,
  type LogIndex,
  type NodeId,
  type Snapshot,
} from '../types.js';
import {
  describeAppendWork,
  describeApplyWork,
  describeEntries,
  describeMessage,
  describeProgress,
  describeReady,
  describeRole,
} from './describe.js';
import { describeEvent } from './describe-event.js';
import { InteractionMember } from './interaction-member.js';
import { Output } from './output.js';

type AnyMessage = Message | StorageResponse;

/** To whom messages go, and whether they get lost on the way. */
export interface Recipient {
  readonly id: NodeId;
  readonly drop: boolean;
}

/** What members start from. */
export interface Start {
  readonly confState: ConfState;
  readonly index: LogIndex;
  readonly content: Uint8Array;
}

export const EMPTY_START: Start = {
  confState: EMPTY_CONF_STATE,
  index: toIndex(0),
  content: NO_DATA,
};

export class InteractionEnv {
  readonly output: Output = new Output();
  readonly #members: InteractionMember[] = [];
  #messages: AnyMessage[] = [];

  get members(): readonly InteractionMember[] {
    return this.#members;
  }

  member(id: NodeId): InteractionMember {
    const member = this.#members[Number(id) - 1];
    if (member === undefined) throw new Error(`there is no member ${id.toString()}`);
    return member;
  }

  /** Adds members with the next identifiers. */
  addMembers(count: number, config: InteractionMember['config'], start: Start): void {
    const { index, confState, content } = start;
    const bootstraps = start !== EMPTY_START;
    if (bootstraps && index <= 1) {
      throw new Error('index must be specified as > 1 due to bootstrap');
    }
    const term = toTerm(bootstraps ? 1 : 0);
    const snapshot: Snapshot = { meta: { index, term, confState }, data: content };
    for (let added = 0; added < count; added += 1) {
      const id = toNodeId(BigInt(this.#members.length + 1));
      const member = new InteractionMember(id, config, snapshot, (event) => {
        const line = describeEvent(event);
        if (line !== undefined) this.output.log(line);
      });
      this.#members.push(member);
    }
  }

  /** Handles one Ready of a member. */
  processReady(member: InteractionMember): void {
    const ready = member.node.ready();
    this.output.write(describeReady(member.id, ready));
    this.#messages.push(...ready.messages);
    if (ready.storageAppend !== undefined) member.appendWork.push(ready.storageAppend);
    if (ready.storageApply !== undefined) member.applyWork.push(ready.storageApply);
    if (member.config.asyncStorageWrites !== true) this.#finish(member, ready);
  }

  #finish(member: InteractionMember, ready: Ready): void {
    member.append(ready.hardState, ready.entries, ready.snapshot);
    this.#messages.push(...ready.messagesAfterAppend);
    member.apply(ready.committedEntries);
    member.node.advance();
  }

  /** Does the next piece of work for the log. */
  processAppend(member: InteractionMember): void {
    const work = member.appendWork.shift();
    if (work === undefined) {
      this.output.write('no append work to perform');
      return;
    }
    this.output.write(`Processing:\n${describeAppendWork(member.id, work)}\n`);
    member.append(work.hardState, work.entries, work.snapshot);
    this.#respond(work.responses);
  }

  /** Does the next piece of work for the state machine. */
  processApply(member: InteractionMember): void {
    const work = member.applyWork.shift();
    if (work === undefined) {
      this.output.write('no apply work to perform');
      return;
    }
    this.output.write(`Processing:\n${describeApplyWork(member.id, work)}\n`);
    member.apply(work.entries);
    this.#respond([work.response]);
  }

  #respond(responses: readonly AnyMessage[]): void {
    this.output.write('Responses:\n');
    for (const response of responses) this.output.write(`${describeMessage(response)}\n`);
    this.#messages.push(...responses);
  }

  /** Delivers or drops what is under way to the recipients. Returns how many messages that were. */
  deliver(recipients: readonly Recipient[], type?: MessageType): number {
    let count = 0;
    for (const { id, drop } of recipients) {
      const chosen = this.#messages.filter((message) => isChosen(message, id, drop, type));
      this.#messages = this.#messages.filter((message) => !chosen.includes(message));
      count += chosen.length;
      for (const message of chosen) this.#deliverOne(message, drop);
    }
    return count;
  }

  #deliverOne(message: AnyMessage, drop: boolean): void {
    this.output.write(`${drop ? 'dropped: ' : ''}${describeMessage(message)}\n`);
    if (drop) return;
    const result = this.member(message.to).node.step(message);
    if (result === 'unknownPeer') {
      this.output.write('raft: cannot step as peer not found\n');
    }
  }

  /** Repeats handling Readys, messages and storage work of these members until nothing is left to do. */
  stabilize(members: readonly InteractionMember[]): void {
    while (this.#stabilizeOnce(members));
  }

  #stabilizeOnce(members: readonly InteractionMember[]): boolean {
    const readys = this.#forEach(
      members.filter((member) => member.node.hasReady()),
      'handling Ready',
      (member) => {
        this.processReady(member);
      },
    );
    const deliveries = this.#forEachWith(
      members,
      (member) => this.#messages.some((message) => message.to === member.id),
      'receiving messages',
      (member) => {
        this.deliver([{ id: member.id, drop: false }]);
      },
    );
    const appends = this.#forEachWith(
      members,
      (member) => member.appendWork.length > 0,
      'processing append thread',
      (member) => {
        while (member.appendWork.length > 0) this.processAppend(member);
      },
    );
    const applies = this.#forEachWith(
      members,
      (member) => member.applyWork.length > 0,
      'processing apply thread',
      (member) => {
        while (member.applyWork.length > 0) this.processApply(member);
      },
    );
    return readys || deliveries || appends || applies;
  }

  #forEach(
    members: readonly InteractionMember[],
    what: string,
    body: (member: InteractionMember) => void,
  ): boolean {
    for (const member of members) {
      this.output.write(`> ${member.id.toString()} ${what}\n`);
      this.output.indented(() => {
        body(member);
      });
    }
    return members.length > 0;
  }

  /** As `#forEach`, deciding for each member when its turn comes. */
  #forEachWith(
    members: readonly InteractionMember[],
    has: (member: InteractionMember) => boolean,
    what: string,
    body: (member: InteractionMember) => void,
  ): boolean {
    let any = false;
    for (const member of members) {
      if (has(member)) any = this.#forEach([member], what, body);
    }
    return any;
  }

  /** Queues a snapshot, as if the leader had sent it. */
  sendSnapshot(from: InteractionMember, to: NodeId): void {
    const message: Message = {
      type: 'MsgSnap',
      from: from.id,
      to,
      term: from.node.term,
      snapshot: from.snapshot,
    };
    this.#messages.push(message);
    this.output.write(describeMessage(message));
  }

  writeLog({ storage }: InteractionMember): void {
    const first = storage.firstIndex();
    const last = storage.lastIndex();
    if (last < first) {
      this.output.write(`log is empty: first index=${first}, last index=${last}`);
      return;
    }
    const entries = storage.entries(first, toIndex(last + 1), Infinity);
    this.output.write(describeEntries(entries));
  }

  writeStatus(member: InteractionMember): void {
    for (const [id, progress] of member.node.status().progress) {
      this.output.write(`${id.toString()}: ${describeProgress(progress)}\n`);
    }
  }

  writeState(): void {
    for (const { node } of this.#members) {
      const { id, role, term, leader, config } = node.status();
      const votes = config.voters.includes(id) || config.votersOutgoing.includes(id);
      const voter = votes ? '(Voter)' : '(Non-Voter)';
      this.output.write(
        `${id.toString()}: ${describeRole(role)} ${voter} Term:${term} Lead:${leader.toString()}\n`,
      );
    }
  }
}

/** Local messages are never dropped: storage answers reliably. */
function isChosen(
  message: AnyMessage,
  to: NodeId,
  drop: boolean,
  type: MessageType | undefined,
): boolean {
  if (message.to !== to || (type !== undefined && message.type !== type)) return false;
  const local =
    message.type === 'MsgStorageAppendResp' ||
    message.type === 'MsgStorageApplyResp' ||
    message.from === message.to;
  return !(drop && local);
}
