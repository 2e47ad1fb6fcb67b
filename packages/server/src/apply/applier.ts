/**
 * Applies committed entries, in order, each exactly once: the only writer of the store and of all replicated state.
 *
 * A batch is one transaction of the store, which also holds the index and term of its last entry (invariant I2); the store may
 * commit several at once, and lose them at once: the log has them all. Outcomes are handed out only after the transaction has ended (I1). Given the same state and entries, every member does the
 * same (I3): no clock, no randomness, no configuration is looked at. The one exception is etcd's: whether the store is over its
 * quota changes the answer, but never what is done.
 */
import type { Lessor } from '@kv/lease';
import type { MvccStore, RequestResult, WriteTxn } from '@kv/mvcc';
import { decodeConfChange } from '@kv/raft/codec';
import type { ConfChange, ConfState, Entry, LogIndex, Term } from '@kv/raft';
import type { Membership, MembershipProblem } from '../cluster/membership.js';
import { confStateToJson } from '../cluster/conf-state.js';
import { memberFromJson } from '../cluster/member-record.js';
import { setStorageVersion } from '../cluster/storage-version.js';
import { MemberError } from '../errors.js';
import type { MemberId } from '../ids.js';
import { assertNever, invariant } from '../invariant.js';
import type { Pending } from '../request/pending.js';
import type { Proposal } from '../request/proposal.js';
import type { RequestIds } from '../request/request-id.js';
import { bufferOver, textOf, utf8 } from '../wire/buffer.js';
import type { Alarms } from './alarms.js';
import type { ApplyObserver } from './apply-observer.js';
import type { Command } from './command.js';
import { decodeCommand, ownSequence } from './entry-codec.js';
import { guard } from './guards.js';
import { checkPut, executeDeleteRange, executePut, type KvState } from './kv.js';
import { applyLeaseCheckpoint, applyLeaseGrant, applyLeaseRevoke, followLeases } from './lease.js';
import { done, rejected, type Outcome } from './outcome.js';
import type { Quota } from './quota.js';
import { executeTxn, planTxn } from './txn.js';

/** Everything replicated that an entry can change. */
export interface ReplicatedState {
  readonly store: MvccStore;
  readonly lessor: Lessor;
  readonly alarms: Alarms;
  readonly membership: Membership;
}

export interface ApplierPorts {
  readonly ids: RequestIds;
  readonly pending: Pending;
  readonly quota: Quota;
  readonly observer: ApplyObserver;
  /** Tells Raft of a change of configuration as it is applied. */
  readonly applyConfChange: (change: ConfChange) => ConfState;
}

/** What a batch did, in order; to be told once its transaction has ended. */
export interface AppliedBatch {
  /** Requests that changed keys: one for each new revision, ascending. */
  readonly changes: readonly RequestResult[];
  readonly answers: readonly Answer[];
  /** Executed while the store was over its quota: the alarm is raised before their callers hear of it. */
  readonly overQuota: readonly Answer[];
  readonly last: { readonly index: LogIndex; readonly term: Term };
  /** What is not of the store and happens after a batch. */
  readonly effects: readonly Effect[];
}

/** The outcome of an entry that somebody here waits for. */
export interface Answer {
  readonly proposal: Proposal;
  readonly outcome: Outcome;
}

export type Effect =
  /** The first entry of a leader's term. */
  | { readonly type: 'termBegan'; readonly term: Term }
  | { readonly type: 'compacted' }
  /** A request was executed though the store is over its quota. */
  | { readonly type: 'overQuota' }
  | { readonly type: 'clusterVersionSet'; readonly version: string }
  | { readonly type: 'alarmsChanged' }
  | {
      readonly type: 'membershipChanged';
      readonly changeId: bigint;
      readonly change: MembershipChange;
      readonly memberId: MemberId;
      /** Why it changed nothing. */
      readonly problem: MembershipProblem | undefined;
    };

export type MembershipChange = 'added' | 'promoted' | 'removed' | 'updated';

export class Applier {
  readonly #state: ReplicatedState;
  readonly #ports: ApplierPorts;
  readonly #kv: KvState;
  /** Entries up to here have taken effect in the store. */
  #applied: LogIndex;

  // Of the running batch.
  #changes: RequestResult[] = [];
  #answers: Answer[] = [];
  #overQuota: Answer[] = [];
  #effects: Effect[] = [];
  #confState: ConfState | undefined;

  /** `applied`: the store's consistent index. */
  constructor(state: ReplicatedState, ports: ApplierPorts, applied: LogIndex) {
    this.#state = state;
    this.#ports = ports;
    this.#applied = applied;
    this.#kv = {
      hasLease: (id) => state.lessor.has(id as Parameters<Lessor['has']>[0]),
      get compactRevision() {
        return state.store.compactRevision;
      },
    };
  }

  /**
   * Applies entries that follow each other. Those at or below the store's index were applied before a restart, and the
   * configuration that Raft was started with holds what they did. Throws what ends the member.
   */
  apply(entries: readonly Entry[]): AppliedBatch | undefined {
    const fresh = entries.filter((entry) => entry.index > this.#applied);
    const last = fresh.at(-1);
    if (last === undefined) return undefined;

    this.#changes = [];
    this.#answers = [];
    this.#overQuota = [];
    this.#effects = [];
    this.#confState = undefined;
    this.#inOneTransaction((txn) => {
      for (const entry of fresh) this.#applyEntry(txn, entry);
      txn.setConsistentIndex(
        { index: last.index, term: last.term },
        this.#confState === undefined ? undefined : utf8(confStateToJson(this.#confState)),
      );
    });
    return {
      changes: this.#changes,
      answers: this.#answers,
      overQuota: this.#overQuota,
      effects: this.#effects,
      last: { index: last.index, term: last.term },
    };
  }

  /** The store was replaced by one that holds the effects of all entries up to here. */
  restored(index: LogIndex): void {
    invariant(index > this.#applied, 'a snapshot moves the store forward', {
      index,
      applied: this.#applied,
    });
    this.#applied = index;
  }

  /** All of a batch, or nothing: what is thrown inside ends the member, and the store keeps none of it. */
  #inOneTransaction(run: (txn: WriteTxn) => void): void {
    const txn = this.#state.store.begin();
    try {
      run(txn);
    } catch (error) {
      txn.abort(error);
      throw error;
    }
    this.#ports.observer.committing();
    txn.end();
    this.#ports.observer.committed();
  }

  #applyEntry(txn: WriteTxn, entry: Entry): void {
    invariant(entry.index === this.#applied + 1, 'entries apply in order, none left out', {
      index: entry.index,
      applied: this.#applied,
    });
    this.#applied = entry.index;
    if (entry.type !== 'normal') this.#applyConfChange(txn, entry);
    else if (entry.data.length === 0) this.#effects.push({ type: 'termBegan', term: entry.term });
    else this.#applyRequest(txn, entry);
  }

  #applyRequest(txn: WriteTxn, entry: Entry): void {
    const data = bufferOver(entry.data);
    const proposal = this.#proposalOf(data);
    const command = proposal?.command ?? decodeCommand(data);
    const { observer, quota } = this.#ports;
    observer.started();
    const rejection = guard(command, this.#state);
    const fits = quota.fits(command);
    const outcome =
      rejection === undefined
        ? this.#execute(txn, command, proposal !== undefined)
        : rejected(rejection);
    observer.applied(command, outcome);
    if (fits || outcome.type === 'rejected') {
      this.#answer(this.#answers, proposal, outcome);
      return;
    }
    // It was executed all the same, as all members must do the same; only the answer says so.
    this.#answer(this.#overQuota, proposal, rejected('noSpace'));
    this.#effects.push({ type: 'overQuota' });
  }

  /**
   * The proposal that this entry is, if one of this process is waiting for it. The same id is not enough: a machine whose wall clock
   * says the same at two starts gives ids twice, and an entry of its former life may be committed in this one.
   */
  #proposalOf(data: Buffer): Proposal | undefined {
    const sequence = ownSequence(this.#ports.ids, data);
    const proposal = sequence === undefined ? undefined : this.#ports.pending.find(sequence);
    return proposal?.data.equals(data) === true ? proposal : undefined;
  }

  #answer(answers: Answer[], proposal: Proposal | undefined, outcome: Outcome): void {
    if (proposal !== undefined) answers.push({ proposal, outcome });
  }

  #execute(txn: WriteTxn, command: Command, withReads: boolean): Outcome {
    const { lessor, alarms, membership } = this.#state;
    const bucket: WriteTxn['bucket'] = (name) => txn.bucket(name);
    switch (command.type) {
      case 'put': {
        const rejection = checkPut(command, () => txn.view(), this.#kv);
        return rejection === undefined
          ? this.#request(txn, () => executePut(txn, command))
          : rejected(rejection);
      }
      case 'deleteRange':
        return this.#request(txn, () => executeDeleteRange(txn, command));
      case 'txn': {
        const path = planTxn(command, txn.view(), this.#kv);
        return 'rejection' in path
          ? rejected(path.rejection)
          : this.#request(txn, () => executeTxn(txn, path, withReads));
      }
      case 'compact':
        return this.#compact(txn, command.revision);
      case 'leaseGrant':
        return applyLeaseGrant(txn, lessor, command);
      case 'leaseRevoke':
        return applyLeaseRevoke(txn, lessor, command, (result) => {
          this.#changed(result);
        });
      case 'leaseCheckpoint':
        return applyLeaseCheckpoint(txn, lessor, command);
      case 'alarm': {
        this.#effects.push({ type: 'alarmsChanged' });
        const concerned = alarms.apply(command, () => bucket('alarm'));
        return { type: 'alarm', revision: txn.revision, alarms: concerned };
      }
      case 'clusterVersionSet':
        membership.setClusterVersion(command.version, bucket);
        setStorageVersion(command.version, bucket);
        this.#effects.push({ type: 'clusterVersionSet', version: command.version });
        return done;
      case 'memberAttributesSet':
        membership.setAttributes(command.memberId, command.name, command.clientUrls, bucket);
        return done;
      case 'downgradeSet':
        membership.setDowngrade(command, bucket);
        return done;
      case 'noEffect':
        return done;
      case 'unsupported':
        throw new MemberError(
          'unsupported_data',
          `entry ${this.#applied} of the log holds request ${command.field}, which this version can not apply`,
        );
      default:
        return assertNever(command, 'a command has a known type');
    }
  }

  /** Runs an operation as one request of the store: what it changes shares one revision. */
  #request<T extends Outcome>(txn: WriteTxn, operation: () => T): T {
    txn.beginRequest();
    const outcome = operation();
    const result = txn.endRequest();
    followLeases(this.#state.lessor, result.events);
    this.#changed(result);
    return outcome;
  }

  #changed(result: RequestResult): void {
    if (result.events.length > 0) this.#changes.push(result);
  }

  #compact(txn: WriteTxn, revision: number): Outcome {
    const outcome = txn.compact(revision as RequestResult['revision']);
    switch (outcome.type) {
      case 'scheduled':
        this.#effects.push({ type: 'compacted' });
        return { type: 'compact', revision: txn.revision };
      case 'compacted':
        return rejected('compacted');
      case 'future':
        return rejected('futureRevision');
      default:
        return assertNever(outcome, 'a compaction has a known outcome');
    }
  }

  /** Refused changes become empty ones, so that Raft counts them and changes nothing. */
  #applyConfChange(txn: WriteTxn, entry: Entry): void {
    const { membership } = this.#state;
    const change = confChangeOf(entry);
    const id = change.nodeId;
    const context = memberFromJson(textOf(change.context)) ?? {
      member: { id, peerUrls: [], isLearner: false, name: '', clientUrls: [] },
      isPromotion: false,
    };
    const problem = membership.check(change.type, id, context);
    if (problem === undefined) {
      membership.apply(change.type, id, context, (name) => txn.bucket(name));
      this.#confState = this.#ports.applyConfChange(change);
    } else {
      this.#confState = this.#ports.applyConfChange({ ...change, nodeId: 0n as MemberId });
    }
    this.#effects.push({
      type: 'membershipChanged',
      changeId: change.id,
      change: membershipChangeOf(change.type, context.isPromotion),
      memberId: id,
      problem,
    });
  }
}

function membershipChangeOf(type: ConfChange['type'], isPromotion: boolean): MembershipChange {
  switch (type) {
    case 'addNode':
    case 'addLearnerNode':
      return isPromotion ? 'promoted' : 'added';
    case 'removeNode':
      return 'removed';
    case 'updateNode':
      return 'updated';
    default:
      return assertNever(type, 'a configuration change has a known type');
  }
}

function confChangeOf(entry: Entry): ConfChange {
  if (entry.type === 'confChangeV2') {
    // etcd never writes these: it changes one member at a time (semantics.md §16.2).
    throw new MemberError(
      'unsupported_data',
      `entry ${entry.index} of the log is a joint configuration change, which this version can not apply`,
    );
  }
  return decodeConfChange(entry.data);
}
