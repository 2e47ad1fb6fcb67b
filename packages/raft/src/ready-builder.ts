/** Gathers what the node has to say into a {@link Ready}, and remembers what was said. */
import type { Core } from './core.js';
import { invariant } from './invariant.js';
import type { Message } from './message.js';
import type {
  Ready,
  SoftState,
  StorageAppend,
  StorageAppendResp,
  StorageApply,
  StorageResponse,
} from './ready.js';
import type { Entry, HardState, Snapshot } from './types.js';

/** The part of a {@link Ready} that goes to storage. */
interface Unstable {
  readonly hardState: HardState | undefined;
  readonly entries: readonly Entry[];
  readonly snapshot: Snapshot | undefined;
}

const nothing: Unstable = { hardState: undefined, entries: [], snapshot: undefined };

export class ReadyBuilder {
  readonly #core: Core;
  #softState: SoftState;
  #hardState: HardState;
  /** Without asynchronous writes: what the node tells itself when the work is done. */
  #responses: (Message | StorageResponse)[] | undefined;

  constructor(core: Core) {
    this.#core = core;
    this.#softState = { leader: core.leader, role: core.role };
    this.#hardState = core.hardState;
  }

  hasNext(): boolean {
    const core = this.#core;
    const { log } = core;
    return (
      core.messages.length > 0 ||
      core.readStates.length > 0 ||
      log.hasNextCommitted(this.#appliesUnstable) ||
      this.#softStateChanged() ||
      (!this.#storageWaits && this.#hasNextForStorage())
    );
  }

  #hasNextForStorage(): boolean {
    const { log, messagesAfterAppend } = this.#core;
    return (
      messagesAfterAppend.length > 0 ||
      log.unstable.hasNextEntries ||
      log.unstable.nextSnapshot() !== undefined ||
      this.#hardStateChanged()
    );
  }

  /**
   * With asynchronous writes, a snapshot (and what comes behind it) is not handed out while entries are being applied:
   * otherwise the two could be done in either order.
   */
  get #storageWaits(): boolean {
    const { log } = this.#core;
    return log.unstable.nextSnapshot() !== undefined && log.applying > log.applied;
  }

  next(): Ready {
    invariant(this.#responses === undefined, 'advance comes between two Readys');
    const core = this.#core;
    const { log } = core;
    const { asyncStorageWrites } = core.config;

    const softState = this.#takeSoftState();
    const mustSync = !this.#storageWaits && this.#mustSync();
    const { unstable, after } = this.#takeForStorage();
    const committedEntries = log.nextCommitted(this.#appliesUnstable);
    const { messages, readStates } = core;
    core.messages = [];
    core.readStates = [];

    const append = this.#makeAppend(unstable, after);
    const apply = this.#makeApply(committedEntries);
    if (append !== undefined) log.unstable.acceptInProgress();
    log.acceptApplying(committedEntries, this.#appliesUnstable);
    if (!asyncStorageWrites) this.#responses = this.#ownResponses(append, apply);

    return {
      softState,
      ...unstable,
      readStates,
      committedEntries,
      messages,
      messagesAfterAppend: asyncStorageWrites ? [] : this.#toOthers(after),
      mustSync,
      storageAppend: asyncStorageWrites ? append : undefined,
      storageApply: asyncStorageWrites ? apply : undefined,
    };
  }

  /** What goes to storage, and what is to be sent after it. */
  #takeForStorage(): { readonly unstable: Unstable; readonly after: readonly Message[] } {
    if (this.#storageWaits) return { unstable: nothing, after: [] };
    const core = this.#core;
    const unstable = {
      hardState: this.#takeHardState(),
      entries: core.log.unstable.nextEntries(),
      snapshot: core.log.unstable.nextSnapshot(),
    };
    const after = core.messagesAfterAppend;
    core.messagesAfterAppend = [];
    return { unstable, after };
  }

  /** The responses to the last Ready, which is done. */
  takeResponses(): readonly (Message | StorageResponse)[] {
    const responses = this.#responses;
    invariant(responses !== undefined, 'advance follows a Ready, and only without async writes');
    this.#responses = undefined;
    return responses;
  }

  /**
   * Whether committed entries may be handed out before they are durable here. With asynchronous writes they may not:
   * the state machine could be ahead of the log after a crash. Otherwise the order within a Ready prevents that.
   */
  get #appliesUnstable(): boolean {
    return !this.#core.config.asyncStorageWrites;
  }

  #softStateChanged(): boolean {
    const { leader, role } = this.#core;
    return leader !== this.#softState.leader || role !== this.#softState.role;
  }

  #takeSoftState(): SoftState | undefined {
    if (!this.#softStateChanged()) return undefined;
    this.#softState = { leader: this.#core.leader, role: this.#core.role };
    return this.#softState;
  }

  #hardStateChanged(): boolean {
    const { term, vote, log } = this.#core;
    const last = this.#hardState;
    return term !== last.term || vote !== last.vote || log.committed !== last.commit;
  }

  #takeHardState(): HardState | undefined {
    if (!this.#hardStateChanged()) return undefined;
    this.#hardState = this.#core.hardState;
    return this.#hardState;
  }

  #mustSync(): boolean {
    const { term, vote, log } = this.#core;
    const last = this.#hardState;
    return log.unstable.hasNextEntries || term !== last.term || vote !== last.vote;
  }

  #makeAppend(unstable: Unstable, after: readonly Message[]): StorageAppend | undefined {
    const { hardState, entries, snapshot } = unstable;
    const idle = hardState === undefined && entries.length === 0 && snapshot === undefined;
    if (idle && after.length === 0) return undefined;
    const done = this.#makeAppendResponse(snapshot);
    // The node's own acknowledgement comes before the report that makes the entries leave memory: so it still finds
    // their terms there.
    const responses = done === undefined ? after : [...after, done];
    return { hardState, entries, snapshot, responses };
  }

  /**
   * Reports the end of the whole unstable log, not only of the entries in this work: see `handleAppended` for why an
   * earlier report may have been ignored.
   */
  #makeAppendResponse(snapshot: Snapshot | undefined): StorageAppendResp | undefined {
    const { id, term, log } = this.#core;
    const last = log.unstable.entryCount > 0 ? log.lastId() : undefined;
    if (last === undefined && snapshot === undefined) return undefined;
    return { type: 'MsgStorageAppendResp', to: id, term, last, snapshot };
  }

  #makeApply(entries: readonly Entry[]): StorageApply | undefined {
    if (entries.length === 0) return undefined;
    const response = { type: 'MsgStorageApplyResp', to: this.#core.id, entries } as const;
    return { entries, response };
  }

  #ownResponses(
    append: StorageAppend | undefined,
    apply: StorageApply | undefined,
  ): (Message | StorageResponse)[] {
    const own: (Message | StorageResponse)[] = (append?.responses ?? []).filter(
      (response) => response.to === this.#core.id,
    );
    if (apply !== undefined) own.push(apply.response);
    return own;
  }

  #toOthers(messages: readonly Message[]): readonly Message[] {
    return messages.filter((message) => message.to !== this.#core.id);
  }
}
