/** `etcdserverpb.KV`: checks a request, sends it through the log or to a read, and answers (rpc.md §5). */
import type { MvccStore } from '@kv/mvcc';
import type { Service, StreamCall, UnaryCall } from '@kv/rpc';
import type { TxnCommand } from '../apply/command.js';
import { RequestField } from '../apply/entry-codec.js';
import { decodeRange } from '../apply/kv-codec.js';
import { isReadOnly, isSerializable } from '../apply/txn.js';
import type { Quota } from '../apply/quota.js';
import type { CompactionDriver } from '../compactor/driver.js';
import type { Clock } from '../clock.js';
import { assertNever, invariant, unreachable } from '../invariant.js';
import type { Linearizable } from '../request/linearizable.js';
import type { Proposer } from '../request/proposer.js';
import type { RequestMetrics } from '../request/request-metrics.js';
import { bufferOver } from '../wire/buffer.js';
import { CallReader, CallWaiter, type AnswerOutcome } from './call-waiter.js';
import type { ResponseHeaders } from './header.js';
import { encodePutResponse } from './kv-encode.js';
import { draftRequest, readRequest } from './request-bytes.js';
import { RangeReader } from './range-reader.js';
import { streamRange, type RangeStreamPorts } from './range-stream.js';
import { rpcErrorOf } from './status.js';
import { CompactionResponse } from '@kv/proto';
import { checkDeleteRange, checkPut, checkRange, checkRangeStream, checkTxn } from './validate.js';

export interface KvServiceParts {
  readonly store: MvccStore;
  readonly proposer: Proposer;
  readonly linearizable: Linearizable;
  readonly headers: ResponseHeaders;
  readonly clock: Clock;
  readonly quota: Quota;
  readonly metrics: RequestMetrics;
  readonly compaction: CompactionDriver;
  readonly maxTxnOps: number;
  readonly maxRequestBytes: number;
  readonly isLearner: () => boolean;
  /** The store failed to read: the member must stop. */
  readonly onError: (error: unknown) => void;
  /** A request does not fit: raises the alarm, as its caller is told. */
  readonly raiseNoSpace: () => void;
  /** Tells the loop that somebody wants to read. */
  readonly wake: () => void;
}

export class KvService {
  readonly #parts: KvServiceParts;
  readonly #reader: RangeReader;
  readonly #streamPorts: RangeStreamPorts;

  constructor(parts: KvServiceParts) {
    this.#parts = parts;
    const { store, headers, clock, metrics, onError } = parts;
    this.#reader = new RangeReader(store, headers, clock, metrics, onError);
    this.#streamPorts = {
      store: parts.store,
      headers: parts.headers,
      clock: parts.clock,
      chunkBytes: parts.maxRequestBytes,
      onError,
    };
  }

  get service(): Service {
    return {
      name: 'etcdserverpb.KV',
      methods: {
        Range: { type: 'unary', handler: this.#range },
        RangeStream: { type: 'stream', requestStream: false, handler: this.#rangeStream },
        Put: { type: 'unary', handler: this.#put },
        DeleteRange: { type: 'unary', handler: this.#deleteRange },
        Txn: { type: 'unary', handler: this.#txn },
        Compact: { type: 'unary', handler: this.#compact },
      },
    };
  }

  readonly #range = (call: UnaryCall): void => {
    const bytes = bufferOver(call.request);
    const command = readRequest(call, () => decodeRange(bytes, 0, bytes.length));
    if (command === undefined) return;
    const problem = checkRange(command);
    const nowMs = this.#parts.metrics.now();
    if (problem !== undefined) call.fail(rpcErrorOf(problem));
    else if (command.serializable) this.#reader.range(call, command, nowMs);
    else if (this.#parts.isLearner()) call.fail(rpcErrorOf('notSupportedForLearner'));
    else {
      this.#parts.linearizable.join(new CallReader(call, command, nowMs, this.#reader.range));
      this.#parts.wake();
    }
  };

  readonly #rangeStream = (call: StreamCall): void => {
    call.onMessage((message) => {
      const bytes = bufferOver(message);
      const command = readRequest(call, () => decodeRange(bytes, 0, bytes.length));
      if (command === undefined) return;
      const problem = checkRangeStream(command);
      if (problem !== undefined) {
        call.fail(rpcErrorOf(problem));
        return;
      }
      if (command.serializable) {
        streamRange(call, command, this.#streamPorts);
        return;
      }
      this.#parts.linearizable.join({
        ready: () => {
          if (!call.cancelled) streamRange(call, command, this.#streamPorts);
        },
        failed: (failure) => {
          call.fail(rpcErrorOf(failure));
        },
      });
      this.#parts.wake();
    });
  };

  readonly #put = (call: UnaryCall): void => {
    const draft = draftRequest(call, this.#parts.proposer, RequestField.put);
    if (draft === undefined) return;
    const { command } = draft;
    invariant(command.type === 'put', 'a put is decoded as a put');
    if (!this.#parts.quota.fits(command)) {
      this.#refuseForSpace(call);
      return;
    }
    const problem = checkPut(command);
    if (problem !== undefined) call.fail(rpcErrorOf(problem));
    else this.#parts.proposer.propose(draft, new CallWaiter(call, this.#answer));
  };

  readonly #deleteRange = (call: UnaryCall): void => {
    const draft = draftRequest(call, this.#parts.proposer, RequestField.deleteRange);
    if (draft === undefined) return;
    const { command } = draft;
    invariant(command.type === 'deleteRange', 'a deletion is decoded as a deletion');
    const problem = checkDeleteRange(command);
    const propose = (): void => {
      this.#parts.proposer.propose(draft, new CallWaiter(call, this.#answer));
    };
    if (problem !== undefined) call.fail(rpcErrorOf(problem));
    else if (!command.prevKv || command.range.type === 'single') propose();
    // What would be too large to answer is refused before anything is deleted.
    else this.#reader.whenAnswerable(call, command.range, propose);
  };

  readonly #txn = (call: UnaryCall): void => {
    const draft = draftRequest(call, this.#parts.proposer, RequestField.txn);
    if (draft === undefined) return;
    const { command } = draft;
    invariant(command.type === 'txn', 'a transaction is decoded as a transaction');
    if (!this.#parts.quota.fits(command)) {
      this.#refuseForSpace(call);
      return;
    }
    const problem = checkTxn(command, this.#parts.maxTxnOps);
    if (problem !== undefined) call.fail(rpcErrorOf(problem));
    else if (!isReadOnly(command)) {
      this.#parts.proposer.propose(draft, new CallWaiter(call, this.#answer));
    } else this.#readTxn(call, command);
  };

  #readTxn(call: UnaryCall, command: TxnCommand): void {
    const nowMs = this.#parts.metrics.now();
    if (isSerializable(command)) {
      this.#reader.txn(call, command, nowMs);
      return;
    }
    this.#parts.linearizable.join(new CallReader(call, command, nowMs, this.#reader.txn));
    this.#parts.wake();
  }

  readonly #compact = (call: UnaryCall): void => {
    const draft = draftRequest(call, this.#parts.proposer, RequestField.compact);
    if (draft === undefined) return;
    const { command } = draft;
    invariant(command.type === 'compact', 'a compaction is decoded as a compaction');
    const waiter = new CallWaiter(call, this.#answer);
    if (!command.physical) {
      this.#parts.proposer.propose(draft, waiter);
      return;
    }
    // Also one that fails as "already compacted" waits for what was scheduled before it.
    this.#parts.proposer.propose(draft, {
      applied: (outcome) => {
        this.#parts.compaction.whenIdle(() => {
          waiter.applied(outcome);
        });
      },
      failed: (failure) => {
        waiter.failed(failure);
      },
    });
  };

  #refuseForSpace(call: UnaryCall): void {
    this.#parts.raiseNoSpace();
    call.fail(rpcErrorOf('noSpace'));
  }

  readonly #answer: AnswerOutcome = (call, outcome) => {
    const { headers } = this.#parts;
    switch (outcome.type) {
      case 'put':
        call.reply(encodePutResponse(headers, outcome));
        return;
      case 'deleteRange':
      case 'txn':
        this.#reader.answer(call, outcome);
        return;
      case 'compact':
        call.reply(
          CompactionResponse.encode({ header: headers.message(outcome.revision) }).finish(),
        );
        return;
      case 'leaseGrant':
      case 'leaseRevoke':
      case 'alarm':
      case 'done':
        return unreachable('a request of the KV service has an outcome of it', {
          type: outcome.type,
        });
      default:
        assertNever(outcome, 'an outcome has a known type');
    }
  };
}
