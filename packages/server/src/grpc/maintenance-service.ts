/** `etcdserverpb.Maintenance` (rpc.md §9): mostly about this one member. */
import type { MvccStore, SlicedTask } from '@kv/mvcc';
import {
  AlarmRequest,
  AlarmRequest_AlarmAction,
  AlarmResponse,
  DefragmentRequest,
  DefragmentResponse,
  DowngradeRequest,
  HashKVRequest,
  HashKVResponse,
  HashRequest,
  HashResponse,
  MoveLeaderRequest,
  MoveLeaderResponse,
  SnapshotRequest,
  StatusRequest,
  StatusResponse,
} from '@kv/proto';
import { RpcCode, RpcError, type Service, type StreamCall, type UnaryCall } from '@kv/rpc';
import type { Alarms } from '../apply/alarms.js';
import type { Alarm } from '../apply/command.js';
import { RequestField } from '../apply/entry-codec.js';
import { alarmOfWire, wireAlarmOf } from '../apply/state-codec.js';
import type { Quota } from '../apply/quota.js';
import type { Clock } from '../clock.js';
import type { Membership } from '../cluster/membership.js';
import { errorOf } from '../errors.js';
import { unreachable } from '../invariant.js';
import type { MemberId } from '../ids.js';
import type { Linearizable } from '../request/linearizable.js';
import type { Proposer } from '../request/proposer.js';
import { SERVER_VERSION } from '../version.js';
import { CallWaiter, type AnswerOutcome } from './call-waiter.js';
import { downgrade } from './downgrade.js';
import type { ResponseHeaders } from './header.js';
import { counterFromInt64, int64FromCounter } from './int64.js';
import type { MaintenanceMetrics } from './maintenance-metrics.js';
import { draftRequest, readRequest } from './request-bytes.js';
import { streamSnapshot } from './snapshot-stream.js';
import { isReplaced, rpcErrorOf } from './status.js';

/** What Status tells of Raft. */
export interface RaftView {
  readonly leaderId: MemberId;
  readonly isLeader: boolean;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly appliedTerm: number;
}

export interface MaintenanceParts {
  readonly store: MvccStore;
  readonly alarms: Alarms;
  readonly membership: Membership;
  readonly proposer: Proposer;
  readonly linearizable: Linearizable;
  readonly wake: () => void;
  readonly headers: ResponseHeaders;
  readonly quota: Quota;
  readonly metrics: MaintenanceMetrics;
  readonly clock: Clock;
  readonly memberId: MemberId;
  /** Ends with the member. */
  readonly signal: AbortSignal;
  /** The store failed to read: the member must stop. */
  readonly onError: (error: unknown) => void;
  readonly raft: () => RaftView;
  /** `3.7.0`; undefined until the store has one. */
  readonly storageVersion: () => string | undefined;
  /** Hands leadership over; calls back once `target` leads. Returns how to stop waiting. */
  readonly transferLeadership: (target: MemberId, done: () => void) => () => void;
}

export class MaintenanceService {
  readonly #parts: MaintenanceParts;
  /** Defragmentations run one after the other. */
  #defragmenting: Promise<void> = Promise.resolve();

  constructor(parts: MaintenanceParts) {
    this.#parts = parts;
  }

  get service(): Service {
    return {
      name: 'etcdserverpb.Maintenance',
      methods: {
        Alarm: { type: 'unary', handler: this.#alarm },
        Status: { type: 'unary', handler: this.#status },
        Defragment: { type: 'unary', handler: this.#defragment },
        Hash: { type: 'unary', handler: this.#hash },
        HashKV: { type: 'unary', handler: this.#hashKv },
        Snapshot: { type: 'stream', requestStream: false, handler: this.#snapshot },
        MoveLeader: { type: 'unary', handler: this.#moveLeader },
        Downgrade: { type: 'unary', handler: this.#downgrade },
      },
    };
  }

  readonly #alarm = (call: UnaryCall): void => {
    const request = readRequest(call, () => AlarmRequest.decode(call.request));
    if (request === undefined) return;
    // etcd proposes an unknown action and dies of it, at every replay again (observed 12). Ours never gets there.
    const action: number = request.action;
    if (!Object.values<number>(AlarmRequest_AlarmAction).includes(action)) {
      call.fail(
        new RpcError(RpcCode.invalidArgument, `etcdserver: unknown alarm action ${action}`),
      );
      return;
    }
    const type: number = request.alarm;
    if (alarmOfWire(type) === undefined) {
      call.fail(new RpcError(RpcCode.invalidArgument, `etcdserver: unknown alarm type ${type}`));
      return;
    }
    const draft = draftRequest(call, this.#parts.proposer, RequestField.alarm);
    if (draft !== undefined)
      this.#parts.proposer.propose(draft, new CallWaiter(call, this.#answer));
  };

  readonly #answer: AnswerOutcome = (call, outcome) => {
    if (outcome.type !== 'alarm') {
      return unreachable('an alarm request has an outcome of its own', { type: outcome.type });
    }
    call.reply(
      AlarmResponse.encode({
        header: this.#parts.headers.message(outcome.revision),
        alarms: outcome.alarms.map(({ memberId, type }) => ({
          memberID: memberId,
          alarm: wireAlarmOf(type),
        })),
      }).finish(),
    );
  };

  readonly #status = (call: UnaryCall): void => {
    if (readRequest(call, () => StatusRequest.decode(call.request)) === undefined) return;
    const { store, alarms, membership, headers, quota, memberId } = this.#parts;
    const raft = this.#parts.raft();
    const { bytes, inUseBytes } = store.size();
    const errors = alarms.list().map(alarmText);
    call.reply(
      StatusResponse.encode({
        header: headers.message(store.revision),
        version: SERVER_VERSION,
        dbSize: int64FromCounter(bytes),
        dbSizeInUse: int64FromCounter(inUseBytes),
        leader: raft.leaderId,
        raftIndex: int64FromCounter(raft.commitIndex),
        raftTerm: int64FromCounter(raft.appliedTerm),
        raftAppliedIndex: int64FromCounter(raft.appliedIndex),
        errors: raft.leaderId === 0n ? ['etcdserver: no leader', ...errors] : errors,
        isLearner: membership.find(memberId)?.isLearner ?? false,
        storageVersion: this.#parts.storageVersion() ?? '',
        dbSizeQuota: int64FromCounter(quota.configuredBytes),
        downgradeInfo: { ...membership.downgrade },
      }).finish(),
    );
  };

  readonly #defragment = (call: UnaryCall): void => {
    if (readRequest(call, () => DefragmentRequest.decode(call.request)) === undefined) return;
    const { store, signal, metrics } = this.#parts;
    const run = async (): Promise<void> => {
      const measured = metrics.defragment();
      try {
        await store.defragment(signal);
        measured(true);
        call.reply(DefragmentResponse.encode({ header: undefined }).finish());
      } catch (error) {
        measured(false);
        const failure = new RpcError(RpcCode.unknown, errorOf(error).message, { cause: error });
        call.fail(signal.aborted ? rpcErrorOf('stopped') : failure);
      }
    };
    this.#defragmenting = this.#defragmenting.then(run);
  };

  readonly #hash = (call: UnaryCall): void => {
    if (readRequest(call, () => HashRequest.decode(call.request)) === undefined) return;
    const { store, headers } = this.#parts;
    const measured = this.#parts.metrics.hash();
    this.#inSteps(call, store.hash(), (hash) => {
      measured();
      return HashResponse.encode({ header: headers.message(store.revision), hash }).finish();
    });
  };

  readonly #hashKv = (call: UnaryCall): void => {
    const request = readRequest(call, () => HashKVRequest.decode(call.request));
    if (request === undefined) return;
    const { store, headers } = this.#parts;
    const revision = counterFromInt64(request.revision);
    const task = revision === 0 && !this.#hasHashOfZero() ? store.hashKv() : store.hashKv(revision);
    if ('type' in task) {
      call.fail(rpcErrorOf(task.type === 'compacted' ? 'compacted' : 'futureRevision'));
      return;
    }
    const measured = this.#parts.metrics.hashKv();
    this.#inSteps(call, task, ({ hash, compactRevision, hashRevision }) => {
      measured();
      return HashKVResponse.encode({
        header: headers.message(store.revision),
        hash,
        compactRevision: int64FromCounter(compactRevision),
        hashRevision: int64FromCounter(hashRevision),
      }).finish();
    });
  };

  /** After `Compact(0)` etcd answers HashKV(0) from the hash of that compaction (observed 10). */
  #hasHashOfZero(): boolean {
    return this.#parts.store.compactionHashes.some(({ hashRevision }) => hashRevision === 0);
  }

  /** A long task a step per turn, until it is done or the caller has gone. */
  #inSteps<T>(call: UnaryCall, task: SlicedTask<T>, encode: (result: T) => Uint8Array): void {
    const step = (): void => {
      if (call.cancelled || this.#parts.signal.aborted) {
        task.close();
        call.fail(rpcErrorOf('stopped'));
        return;
      }
      try {
        const result = task.step();
        if (result === undefined) this.#parts.clock.soon(step);
        else call.reply(encode(result));
      } catch (error) {
        const wasReplaced = isReplaced(error);
        call.fail(rpcErrorOf(wasReplaced ? 'leaderChanged' : 'stopped'));
        if (!wasReplaced) this.#parts.onError(error);
      }
    };
    step();
  }

  readonly #snapshot = (call: StreamCall): void => {
    call.onMessage((message) => {
      if (readRequest(call, () => SnapshotRequest.decode(message)) === undefined) return;
      const { store, metrics, storageVersion } = this.#parts;
      void streamSnapshot(call, store, storageVersion() ?? '').then(metrics.snapshot());
    });
  };

  readonly #moveLeader = (call: UnaryCall): void => {
    const request = readRequest(call, () => MoveLeaderRequest.decode(call.request));
    if (request === undefined) return;
    const { membership, raft, transferLeadership } = this.#parts;
    const target = request.targetID as MemberId;
    const { isLeader, leaderId } = raft();
    if (!isLeader) {
      call.fail(rpcErrorOf('notLeader'));
      return;
    }
    const member = membership.find(target);
    if (member === undefined || member.isLearner) {
      call.fail(rpcErrorOf('badLeaderTransferee'));
      return;
    }
    const answer = (): void => {
      call.reply(MoveLeaderResponse.encode({ header: undefined }).finish());
    };
    if (leaderId === target) answer();
    else call.onCancel(transferLeadership(target, answer));
  };

  readonly #downgrade = (call: UnaryCall): void => {
    const request = readRequest(call, () => DowngradeRequest.decode(call.request));
    if (request === undefined) return;
    const { store } = this.#parts;
    downgrade(call, request, { ...this.#parts, currentRevision: () => store.revision });
  };
}

/** In protobuf's text form, as etcd prints it. */
function alarmText({ memberId, type }: Alarm): string {
  const name = `alarm:${type.toUpperCase()}`;
  return memberId === 0n ? name : `memberID:${String(memberId)} ${name}`;
}
