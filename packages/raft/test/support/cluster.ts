/** Members in one process that are stepped by hand: storage works at once, messages wait until they are delivered. */
import { MemoryStorage } from '../../src/memory-storage.js';
import type { Message } from '../../src/message.js';
import { RawNode } from '../../src/raw-node.js';
import type { RaftConfig } from '../../src/config.js';
import type { ReadState } from '../../src/ready.js';
import { decodeChange } from '../../src/proposal.js';
import {
  EMPTY_CONF_STATE,
  NO_DATA,
  toIndex,
  toNodeId,
  toTerm,
  type ConfState,
  type Entry,
  type NodeId,
} from '../../src/types.js';

export const id = (value: number): NodeId => toNodeId(BigInt(value));

/** An entry of a log that is written down as a list of terms. */
export function entryOf(term: number, index: number, text = ''): Entry {
  const data = Uint8Array.from(text, (char) => char.charCodeAt(0));
  return { term: toTerm(term), index: toIndex(index), type: 'normal', data };
}

export function confOf(...voters: number[]): ConfState {
  return { ...EMPTY_CONF_STATE, voters: voters.map(id) };
}

/** What a member starts with. */
export interface Start {
  readonly config?: Partial<RaftConfig>;
  readonly confState: ConfState;
  /** The terms of its log, from index 1 on. */
  readonly log?: readonly number[];
  readonly term?: number;
  readonly vote?: number;
  readonly commit?: number;
}

/** One member: does its storage work as soon as it is asked to. */
export class TestMember {
  readonly id: NodeId;
  readonly storage = new MemoryStorage();
  readonly node: RawNode;
  readonly applied: Entry[] = [];
  readonly readStates: ReadState[] = [];
  /** Sent and not delivered. */
  outbox: Message[] = [];

  constructor(number: number, start: Start) {
    this.id = id(number);
    const { log = [], term = log[log.length - 1] ?? 0, vote = 0, commit = 0 } = start;
    this.storage.setConfState(start.confState);
    this.storage.append(log.map((one, at) => entryOf(one, at + 1)));
    this.storage.setHardState({ term: toTerm(term), vote: id(vote), commit: toIndex(commit) });
    const defaults = { electionTicks: 10, checkQuorum: false, preVote: false };
    const config = { ...defaults, ...start.config, id: this.id };
    this.node = new RawNode(config, this.storage, () => 0);
  }

  /** Handles Readys until there are none, and returns what was sent meanwhile. */
  work(): Message[] {
    const sent: Message[] = [];
    while (this.node.hasReady()) {
      const ready = this.node.ready();
      sent.push(...ready.messages);
      if (ready.hardState !== undefined) this.storage.setHardState(ready.hardState);
      if (ready.snapshot !== undefined) this.storage.applySnapshot(ready.snapshot);
      this.storage.append(ready.entries);
      sent.push(...ready.messagesAfterAppend);
      for (const entry of ready.committedEntries) {
        const change = decodeChange(entry);
        if (change !== undefined) this.node.applyConfChange(change);
        this.applied.push(entry);
      }
      this.readStates.push(...ready.readStates);
      this.node.advance();
    }
    this.outbox.push(...sent);
    return sent;
  }

  tick(count: number): void {
    for (let ticks = 0; ticks < count; ticks += 1) this.node.tick();
    this.work();
  }

  /** The terms of its log. */
  terms(): number[] {
    const [from, to] = [this.storage.firstIndex(), this.storage.lastIndex() + 1];
    if (from >= to) return [];
    return this.storage.entries(from, toIndex(to), Infinity).map(({ term }) => term);
  }
}

export class TestCluster {
  readonly members: TestMember[] = [];
  readonly #cut = new Set<NodeId>();

  /** `count` voters with the same start, or one start each. */
  constructor(count: number, starts: Partial<Start> | readonly Partial<Start>[] = {}) {
    const confState = confOf(...Array.from({ length: count }, (_, at) => at + 1));
    for (let number = 1; number <= count; number += 1) {
      const start = isList(starts) ? starts[number - 1] : starts;
      this.members.push(new TestMember(number, { confState, ...start }));
    }
  }

  member(number: number): TestMember {
    const member = this.members[number - 1];
    if (member === undefined) throw new Error(`there is no member ${number}`);
    return member;
  }

  add(number: number, start: Start): TestMember {
    const member = new TestMember(number, start);
    this.members[number - 1] = member;
    return member;
  }

  /** Loses everything from and to a member from now on. */
  isolate(number: number): void {
    this.#cut.add(id(number));
  }

  heal(): void {
    this.#cut.clear();
  }

  /** Delivers until nothing is under way, but for what `drop` chooses to lose. */
  settle(drop: (message: Message) => boolean = () => false): void {
    for (let round = 0; round < 1000; round += 1) {
      for (const member of this.members) member.work();
      const messages = this.members.flatMap((member) => member.outbox.splice(0));
      if (messages.length === 0) return;
      for (const message of messages) this.#deliver(message, drop);
    }
    throw new Error('messages never cease');
  }

  #deliver(message: Message, drop: (message: Message) => boolean): void {
    if (this.#cut.has(message.from) || this.#cut.has(message.to) || drop(message)) return;
    this.members.find((member) => member.id === message.to)?.node.step(message);
  }

  /** Lets a member campaign, and everybody answer. */
  elect(number: number): TestMember {
    const member = this.member(number);
    member.node.campaign();
    this.settle();
    return member;
  }

  propose(number: number, ...texts: string[]): void {
    const data = texts.map((text) => Uint8Array.from(text, (char) => char.charCodeAt(0)));
    this.member(number).node.propose(data.length > 0 ? data : [NO_DATA]);
  }
}

function isList(
  starts: Partial<Start> | readonly Partial<Start>[],
): starts is readonly Partial<Start>[] {
  return Array.isArray(starts);
}
