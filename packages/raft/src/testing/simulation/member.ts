/** A simulated member: a node, its disk, a state machine that digests what it applies, and crashes. */
import { decodeConfChange, decodeConfChangeV2 } from '../../codec/conf.js';
import type { RaftConfig } from '../../config.js';
import type { MemoryStorage } from '../../memory-storage.js';
import type { Message } from '../../message.js';
import { RawNode } from '../../raw-node.js';
import type { Ready, StorageAppend, StorageApply } from '../../ready.js';
import {
  toIndex,
  toTerm,
  type ConfState,
  type Entry,
  type HardState,
  type LogIndex,
  type NodeId,
  type Snapshot,
} from '../../types.js';
import { mix, type Checker } from './checker.js';
import type { Chance } from './chance.js';
import { Disk, toCheckpoint, toSnapshotData, type Checkpoint } from './disk.js';
import { describeMessage } from '../describe.js';

/** What members need of the world around them. */
export interface World {
  readonly chance: Chance;
  readonly checker: Checker;
  /** Rounds that the next sync takes. */
  syncRounds(): number;
  send(message: Message): void;
  /** A configuration with this member has been applied somewhere. */
  joins(id: NodeId): void;
}

/** Work whose sync ends at a round. */
interface Underway {
  readonly due: number;
  readonly finish: () => void;
}

export class Member {
  readonly id: NodeId;
  readonly #world: World;
  readonly #config: Omit<RaftConfig, 'id' | 'observer'>;
  readonly #disk: Disk;
  #node: RawNode | undefined;
  #storage: MemoryStorage;
  /** As the node sees its log: with what is not on disk yet. */
  #log: MemoryStorage;
  #state: Checkpoint;
  #appends: Underway[] = [];
  #applies: Underway[] = [];
  /** Commit index up to which the checker was told. */
  #checkedCommit = 0;
  readonly #reads = new Map<number, number>();

  constructor(
    id: NodeId,
    confState: ConfState,
    config: Omit<RaftConfig, 'id' | 'observer'>,
    world: World,
  ) {
    this.id = id;
    this.#config = config;
    this.#world = world;
    this.#disk = new Disk(confState);
    this.#state = this.#disk.checkpoint;
    this.#storage = this.#disk.open();
    this.#log = this.#disk.open();
  }

  /** Undefined while the member is down. */
  get node(): RawNode | undefined {
    return this.#node;
  }

  get confState(): ConfState {
    return this.#state.confState;
  }

  get applied(): LogIndex {
    return this.#state.applied;
  }

  /** Starts from what the disk has. */
  start(): void {
    this.#storage = this.#disk.open();
    this.#log = this.#disk.open();
    this.#state = this.#disk.checkpoint;
    this.#checkedCommit = 0;
    this.#node = new RawNode(
      { ...this.#config, id: this.id, applied: this.#state.applied },
      this.#storage,
      (bound) => this.#world.chance.below(bound),
    );
  }

  /** Ends without warning: memory is gone, and so is what was not synced. */
  crash(): void {
    this.#node = undefined;
    this.#appends = [];
    this.#applies = [];
    this.#reads.clear();
    this.#disk.crash(this.#world.chance);
  }

  /** Takes a message; one that a correct member could not have sent must not exist here. */
  step(message: Message): void {
    try {
      this.#node?.step(message);
    } catch (cause) {
      throw new Error(`${this.id.toString()} refuses ${describeMessage(message)}`, { cause });
    }
  }

  /** Asks for a read; `token` names it, and `floor` is what was committed by then. */
  read(token: number, floor: number): void {
    if (this.#node === undefined) return;
    this.#reads.set(token, floor);
    const context = new Uint8Array(8);
    new DataView(context.buffer).setFloat64(0, token);
    this.#node.readIndex(context);
  }

  /** Finishes what is due and begins what there is to do. */
  work(now: number): void {
    this.#appends = this.#finish(this.#appends, now);
    this.#applies = this.#finish(this.#applies, now);
    const async = this.#config.asyncStorageWrites === true;
    for (let batch = 0; batch < 3; batch += 1) {
      const node = this.#node;
      if (node?.hasReady() !== true || (!async && this.#appends.length > 0)) return;
      this.#handle(node, node.ready(), now);
    }
  }

  /** In order, and only what is due: earlier work is never finished after later work. */
  #finish(work: readonly Underway[], now: number): Underway[] {
    let done = 0;
    for (const { due, finish } of work) {
      if (due > now) break;
      done += 1;
      finish();
    }
    return work.slice(done);
  }

  #handle(node: RawNode, ready: Ready, now: number): void {
    this.#record(ready);
    this.#check(node, ready.hardState);
    for (const message of ready.messages) this.#world.send(message);
    for (const { context, index } of ready.readStates) this.#answerRead(context, index);
    if (this.#config.asyncStorageWrites === true) {
      if (ready.storageAppend !== undefined) this.#append(node, ready.storageAppend, now);
      if (ready.storageApply !== undefined) this.#apply(node, ready.storageApply, now);
      return;
    }
    this.#write(ready.hardState, ready.entries, ready.snapshot);
    const finish = (): void => {
      this.#stable(ready.hardState, ready.entries, ready.snapshot, ready.mustSync);
      for (const message of ready.messagesAfterAppend) this.#world.send(message);
      this.#applyEntries(node, ready.committedEntries);
      node.advance();
    };
    this.#appends.push({ due: now + this.#world.syncRounds(), finish });
    this.#appends = this.#finish(this.#appends, now);
  }

  #append(node: RawNode, work: StorageAppend, now: number): void {
    const { hardState, entries, snapshot, responses } = work;
    this.#write(hardState, entries, snapshot);
    const finish = (): void => {
      this.#stable(hardState, entries, snapshot, responses.length > 0);
      for (const response of responses) {
        if (response.to === this.id) node.step(response);
        else if (response.type !== 'MsgStorageAppendResp') this.#world.send(response);
      }
    };
    this.#appends.push({ due: this.#dueAfter(this.#appends, now), finish });
  }

  #apply(node: RawNode, work: StorageApply, now: number): void {
    const finish = (): void => {
      this.#applyEntries(node, work.entries);
      node.step(work.response);
    };
    this.#applies.push({ due: this.#dueAfter(this.#applies, now), finish });
  }

  #dueAfter(queue: readonly Underway[], now: number): number {
    return Math.max(now + this.#world.syncRounds(), queue[queue.length - 1]?.due ?? 0);
  }

  #write(
    hardState: HardState | undefined,
    entries: readonly Entry[],
    snapshot: Snapshot | undefined,
  ): void {
    this.#disk.write({ type: 'log', hardState, entries, snapshot });
  }

  /** The write has reached the disk, if it had to, and can be read by the node. */
  #stable(
    hardState: HardState | undefined,
    entries: readonly Entry[],
    snapshot: Snapshot | undefined,
    sync: boolean,
  ): void {
    if (sync || snapshot !== undefined) this.#disk.sync();
    if (hardState !== undefined) this.#storage.setHardState(hardState);
    if (snapshot !== undefined && this.#storage.applySnapshot(snapshot)) {
      this.#state = toCheckpoint(snapshot);
      this.#world.checker.applied(this.id, this.#state.applied, this.#state.digest);
    }
    this.#storage.append(entries);
  }

  #applyEntries(node: RawNode, entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (entry.index !== this.#state.applied + 1) {
        throw new Error(
          `${this.id.toString()} applies ${entry.index} after ${this.#state.applied}`,
        );
      }
      const confState = this.#applyConfChange(node, entry) ?? this.#state.confState;
      const digest = mix(this.#state.digest + entry.term, entry.data);
      this.#state = { applied: entry.index, digest, confState };
      this.#world.checker.applied(this.id, entry.index, digest);
    }
  }

  #applyConfChange(node: RawNode, entry: Entry): ConfState | undefined {
    if (entry.type === 'normal') return undefined;
    const change =
      entry.type === 'confChange' ? decodeConfChange(entry.data) : decodeConfChangeV2(entry.data);
    const confState = node.applyConfChange(change);
    for (const id of [...confState.voters, ...confState.learners]) this.#world.joins(id);
    return confState;
  }

  /** Stores the state machine; with `release`, also drops the log that it covers. */
  checkpoint(release: boolean): void {
    if (this.#node === undefined || this.#state.applied === 0) return;
    const checkpoint = this.#state;
    this.#disk.write({ type: 'checkpoint', checkpoint });
    if (!release || checkpoint.applied > this.#storage.lastIndex()) return;
    if (checkpoint.applied <= this.#storage.snapshot().meta.index) return;
    const { applied, confState, digest } = checkpoint;
    const snapshot = this.#storage.createSnapshot(applied, confState, toSnapshotData(digest));
    const kept = this.#world.chance.below(10);
    const upTo = toIndex(Math.max(applied - kept, this.#storage.firstIndex() - 1));
    this.#disk.write({ type: 'release', snapshot, upTo });
    // The log goes only below a state machine that is on disk.
    this.#disk.sync();
    this.#storage.releaseUpTo(upTo);
  }

  /** Keeps the log as the node sees it, and shows it to the checker. */
  #record({ snapshot, entries }: Ready): void {
    if (snapshot !== undefined) this.#log.applySnapshot(snapshot);
    const first = entries[0];
    if (first === undefined) return;
    let previous = this.#log.term(toIndex(first.index - 1)) ?? toTerm(0);
    for (const entry of entries) {
      this.#world.checker.logged(entry, previous);
      previous = entry.term;
    }
    this.#log.append(entries);
  }

  #check(node: RawNode, hardState: HardState | undefined): void {
    const { checker } = this.#world;
    if (node.role === 'leader' && checker.leads(this.id, node.term)) {
      checker.completeness(this.id, this.#log);
    }
    const commit = hardState?.commit ?? 0;
    for (let index = this.#checkedCommit + 1; index <= commit; index += 1) {
      const term = this.#log.term(toIndex(index));
      if (term !== undefined) checker.commits(this.id, toIndex(index), term);
    }
    this.#checkedCommit = Math.max(this.#checkedCommit, commit);
  }

  #answerRead(context: Uint8Array, index: LogIndex): void {
    const token = new DataView(context.buffer, context.byteOffset, 8).getFloat64(0);
    const floor = this.#reads.get(token);
    if (floor !== undefined) this.#world.checker.reads(this.id, index, floor);
  }
}
