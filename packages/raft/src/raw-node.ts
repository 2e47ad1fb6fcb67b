/** One member of a Raft group, as the application sees it. */
import { encodeConfChange, encodeConfChangeV2 } from './codec/conf.js';
import type { ConfChange, ConfChangeV2 } from './conf-change.js';
import { fromConfState, toConfState } from './confchange/configuration.js';
import { resolveConfig, type Random, type RaftConfig } from './config.js';
import { Core } from './core.js';
import { startElection } from './election.js';
import { RaftError } from './errors.js';
import { checkMessage } from './gateway.js';
import { invariant } from './invariant.js';
import { applyConfChange, switchConfiguration } from './membership.js';
import { isResponse, type Message } from './message.js';
import { propose, type ProposeResult } from './proposal.js';
import { allVoters } from './quorum/joint.js';
import { handleReadIndex } from './read-index.js';
import { ReadyBuilder } from './ready-builder.js';
import type { Ready, Role, StorageResponse } from './ready.js';
import type { Draft } from './replication.js';
import { handleSnapshotStatus, handleUnreachable } from './responses.js';
import { becomeFollower } from './roles.js';
import { handleApplied, handleAppended } from './stable.js';
import type { Status } from './status.js';
import { step } from './step.js';
import type { LogStorage } from './storage.js';
import { tick } from './tick.js';
import { handleTransfer } from './transfer.js';
import {
  NONE,
  toIndex,
  toTerm,
  type ConfState,
  type Entry,
  type LogIndex,
  type NodeId,
  type Term,
} from './types.js';

/** What became of a message. `unknownPeer`: an answer from outside of the configuration; ignored. */
export type StepResult = 'stepped' | 'unknownPeer';

/** A first member of a new group. `context` goes into the log with it. */
export interface BootstrapPeer {
  readonly id: NodeId;
  readonly context: Uint8Array;
}

/**
 * A pure state machine: every method runs to completion, and what is to be done about it comes out of {@link ready}.
 *
 * Not to be used after `RaftError('storage')`, `RaftError('invalidConfChange')` or an `InvariantViolation`; all other
 * errors leave it as it was.
 */
export class RawNode {
  readonly #core: Core;
  readonly #storage: LogStorage;
  readonly #ready: ReadyBuilder;

  /**
   * Starts from what `storage` has. Throws `RaftError('invalidConfig')`, or `RaftError('storage')` when hard state,
   * configuration and log do not fit together.
   */
  constructor(config: RaftConfig, storage: LogStorage, random: Random) {
    const resolved = resolveConfig(config);
    const { hardState, confState } = storage.initialState();
    const core = new Core(resolved, storage, random, hardState);
    this.#core = core;
    this.#storage = storage;

    const configuration = fromConfState(confState);
    if (typeof configuration === 'string') {
      throw new RaftError('storage', `the stored configuration is unsound: ${configuration}`);
    }
    switchConfiguration(core, configuration);
    if (hardState.term !== 0 || hardState.vote !== NONE || hardState.commit !== 0) {
      core.log.loadCommit(hardState.commit);
    }
    this.#ready = new ReadyBuilder(core);
    if (resolved.applied > 0) loadApplied(core, resolved.applied);
    becomeFollower(core, core.term, NONE);
    core.observe({
      type: 'started',
      at: core.id,
      voters: allVoters(configuration),
      term: core.term,
      commit: core.log.committed,
      applied: core.log.applied,
      last: core.log.lastId(),
    });
  }

  get id(): NodeId {
    return this.#core.id;
  }

  get term(): Term {
    return this.#core.term;
  }

  /** 0n while none is known. */
  get leader(): NodeId {
    return this.#core.leader;
  }

  get role(): Role {
    return this.#core.role;
  }

  get commit(): LogIndex {
    return this.#core.log.committed;
  }

  /** As reported by {@link advance} or a storage response. */
  get applied(): LogIndex {
    return this.#core.log.applied;
  }

  get lastIndex(): LogIndex {
    return this.#core.log.lastIndex();
  }

  /**
   * Writes the first configuration of a new group as committed entries of term 1, one `addNode` per peer. All first
   * members must do so with the same peers in the same order. Needs an empty storage.
   *
   * An alternative is a storage that starts at an index above 1 with the configuration as its state.
   */
  bootstrap(peers: readonly BootstrapPeer[]): void {
    const core = this.#core;
    if (peers.length === 0 || this.#storage.lastIndex() !== 0) {
      throw new RaftError('invalidConfig', 'bootstrap needs peers, and a storage without entries');
    }
    becomeFollower(core, toTerm(1), NONE);
    const entries = peers.map(({ id, context }, at): Entry => {
      const data = encodeConfChange({ id: 0n, type: 'addNode', nodeId: id, context });
      return { term: toTerm(1), index: toIndex(at + 1), type: 'confChange', data };
    });
    core.log.append(entries);
    core.log.commitTo(toIndex(entries.length));
    // In force at once, so that an election can be held. The application applies them again when they come out of
    // ready(), which changes nothing.
    for (const { id } of peers) {
      applyConfChange(core, { id: 0n, type: 'addNode', nodeId: id, context: new Uint8Array(0) });
    }
  }

  /** One tick passes. */
  tick(): void {
    tick(this.#core);
  }

  /** Starts an election now, with a pre-vote if so configured. Does nothing on a leader, or where it may not. */
  campaign(): void {
    startElection(this.#core, this.#core.config.preVote ? 'preElection' : 'election');
  }

  /**
   * Proposes a batch of entries, of which all or nothing is taken. The bytes are owned by the log from now on.
   * Batching is what makes a busy leader fast: one call, one append message per follower.
   */
  propose(batch: readonly Uint8Array[]): ProposeResult {
    invariant(batch.length > 0, 'a proposal has entries');
    const drafts: Draft[] = [];
    for (const data of batch) drafts.push({ type: 'normal', data });
    return propose(this.#core, this.#core.id, drafts);
  }

  /**
   * Proposes a change of the configuration. The leader replaces it by an empty entry when another may be pending (R7)
   * or when it does not fit the active configuration.
   */
  proposeConfChange(change: ConfChange | ConfChangeV2): ProposeResult {
    const draft: Draft =
      'changes' in change
        ? { type: 'confChangeV2', data: encodeConfChangeV2(change) }
        : { type: 'confChange', data: encodeConfChange(change) };
    return propose(this.#core, this.#core.id, [draft]);
  }

  /**
   * To be called when a committed change is applied, with what is decoded from its entry. An application that refuses
   * it calls this with its `nodeId`s set to 0n. Returns the configuration that is active from now on, to be stored
   * with the applied index.
   */
  applyConfChange(change: ConfChange | ConfChangeV2): ConfState {
    return applyConfChange(this.#core, change);
  }

  /**
   * Takes a message of another member, or a response of storage work. Entries and contexts in it are borrowed for as
   * long as they are in the log. Throws `RaftError` with `invalidMessage` or `commitBeyondLog`, having changed nothing.
   */
  step(message: Message | StorageResponse): StepResult {
    const core = this.#core;
    if (message.type === 'MsgStorageAppendResp') {
      handleAppended(core, message);
      return 'stepped';
    }
    if (message.type === 'MsgStorageApplyResp') {
      handleApplied(core, message);
      return 'stepped';
    }
    checkMessage(core, message);
    if (isResponse(message.type) && core.tracker.get(message.from) === undefined) {
      return 'unknownPeer';
    }
    step(core, message);
    return 'stepped';
  }

  /**
   * Asks at which index a linearizable read may be served. The answer is in `Ready.readStates`, with this `context`;
   * or there is none, when no leader is known or a message is lost: ask again with another context. A context must not
   * be used twice.
   */
  readIndex(context: Uint8Array): void {
    handleReadIndex(this.#core, { from: this.#core.id, context });
  }

  /** Asks the leader (or tells it, when called there) to hand over to `to`, a voter. Given up after an election timeout. */
  transferLeader(to: NodeId): void {
    handleTransfer(this.#core, to);
  }

  /**
   * Makes a follower forget its leader, without a new term or election: it may then grant (pre-)votes at once. For
   * applications that know the leader to be gone. Ignored with lease-based reads, whose safety it would undermine.
   */
  forgetLeader(): void {
    const core = this.#core;
    if (core.role !== 'follower') return;
    if (core.config.readIndexMode === 'leaseBased') {
      core.observe({ type: 'forgetLeaderIgnored', at: core.id });
    } else if (core.leader !== NONE) {
      const { id: at, term, leader } = core;
      core.observe({ type: 'leaderForgotten', at, term, leader });
      core.leader = NONE;
    }
  }

  /** The last message to `id` could not be sent. The leader goes back to probing it. */
  reportUnreachable(id: NodeId): void {
    handleUnreachable(this.#core, id);
  }

  /** The snapshot for `id` was sent, or could not be. Without a report the leader would wait for its answer for ever. */
  reportSnapshot(id: NodeId, outcome: 'finished' | 'failed'): void {
    handleSnapshotStatus(this.#core, id, outcome === 'finished');
  }

  /** Whether {@link ready} has anything to say. */
  hasReady(): boolean {
    return this.#ready.hasNext();
  }

  /** The work that is to be done now. Without `asyncStorageWrites`, {@link advance} must follow before the next call. */
  ready(): Ready {
    return this.#ready.next();
  }

  /** All that the last {@link ready} asked for is done. Not with `asyncStorageWrites`. */
  advance(): void {
    for (const response of this.#ready.takeResponses()) this.step(response);
  }

  /** A copy of what is known. Costs the number of members. */
  status(): Status {
    const core = this.#core;
    const leads = core.role === 'leader';
    return {
      id: core.id,
      term: core.term,
      vote: core.vote,
      commit: core.log.committed,
      applied: core.log.applied,
      lastIndex: core.log.lastIndex(),
      leader: core.leader,
      role: core.role,
      transferee: core.transferee,
      config: toConfState(core.tracker.config),
      progress: new Map(
        leads ? [...core.tracker.members].map(([id, one]) => [id, one.status()] as const) : [],
      ),
    };
  }
}

/** What was applied was committed, also if the hard state on disk does not say so: it lags behind without a sync. */
function loadApplied(core: Core, applied: LogIndex): void {
  const last = core.log.lastIndex();
  if (applied < core.log.applied || applied > last) {
    throw new RaftError(
      'storage',
      `applied ${applied} is not within the log's ${core.log.applied} to ${last}`,
    );
  }
  core.log.commitTo(applied);
  core.log.appliedTo(applied, []);
}
