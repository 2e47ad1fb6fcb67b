/**
 * Range and read-only Txn against the store, answering a call: small ranges at once, large ones in steps between which other
 * requests are served. A read keeps its revision for as long as it takes.
 */
import { RangeTask } from '@kv/mvcc';
import type { KeyRange, MvccStore, ReadView, Revision } from '@kv/mvcc';
import type { UnaryCall } from '@kv/rpc';
import type { RangeCommand, TxnCommand } from '../apply/command.js';
import type { KvState } from '../apply/kv.js';
import type { DeleteRangeOutcome, RangeOutcome, TxnOutcome } from '../apply/outcome.js';
import { readTxn } from '../apply/txn.js';
import type { Clock } from '../clock.js';
import type { RequestMetrics } from '../request/request-metrics.js';
import { RESPONSE_BYTES_MAX } from '../request/limits.js';
import type { AnswerRead } from './call-waiter.js';
import type { ResponseHeaders } from './header.js';
import { encodeResponse, responseSize } from './kv-encode.js';
import { isReplaced, responseTooLarge, rpcErrorOf } from './status.js';

/** Pairs that one turn looks at while it measures an answer. */
const KEYS_PER_STEP = 1000;

export class RangeReader {
  readonly #store: MvccStore;
  readonly #headers: ResponseHeaders;
  readonly #clock: Clock;
  readonly #kv: KvState;

  readonly #metrics: RequestMetrics;

  readonly #onError: (error: unknown) => void;

  /** `onError`: the store failed to read, and the member must stop. */
  constructor(
    store: MvccStore,
    headers: ResponseHeaders,
    clock: Clock,
    metrics: RequestMetrics,
    onError: (error: unknown) => void,
  ) {
    this.#metrics = metrics;
    this.#onError = onError;
    this.#store = store;
    this.#headers = headers;
    this.#clock = clock;
    this.#kv = {
      hasLease: () => true,
      get compactRevision() {
        return store.compactRevision;
      },
    };
  }

  /** Answers with the newest state, or that of the revision asked for. */
  readonly range: AnswerRead<RangeCommand> = (call, command, arrivedMs) => {
    this.#guarded(call, () => {
      this.#range(call, command, arrivedMs);
    });
  };

  /** Answers a transaction that only reads. */
  readonly txn: AnswerRead<TxnCommand> = (call, command, arrivedMs) => {
    this.#guarded(call, () => {
      this.#txn(call, command, arrivedMs);
    });
  };

  #range(call: UnaryCall, command: RangeCommand, arrivedMs: number): void {
    const startedMs = this.#metrics.now();
    const { query } = command;
    const newest = this.#store.readNewest();
    const { revision } = newest;
    if (command.revision <= 0 && query.range.type === 'single' && isPlain(command)) {
      const kv = newest.get(query.range.key);
      const kvs = kv === undefined ? [] : [kv];
      this.#answer(call, { type: 'range', revision, kvs, count: kvs.length, more: false });
      this.#metrics.read('Range', true, arrivedMs, startedMs);
      return;
    }
    const view = this.#viewAt(call, command.revision);
    if (view === undefined) {
      this.#metrics.read('Range', false, arrivedMs, startedMs);
      return;
    }
    const task = new RangeTask(view, query);
    const result = task.step();
    if (result === undefined) {
      this.#goOn(call, task, revision, view.revision, (success) => {
        this.#metrics.read('Range', success, arrivedMs, startedMs);
      });
      return;
    }
    this.#answer(call, { type: 'range', revision, ...result });
    this.#metrics.read('Range', true, arrivedMs, startedMs);
  }

  #txn(call: UnaryCall, command: TxnCommand, arrivedMs: number): void {
    const startedMs = this.#metrics.now();
    const outcome = readTxn(command, this.#store.readNewest(), (at) => this.#find(at), this.#kv);
    if ('rejection' in outcome) call.fail(rpcErrorOf(outcome.rejection));
    else this.#answer(call, outcome);
    this.#metrics.read('ReadonlyTxn', !('rejection' in outcome), arrivedMs, startedMs);
  }

  /** Calls back if all pairs of the range would fit into one answer; else fails the call. In steps, as it may be large. */
  whenAnswerable(call: UnaryCall, range: KeyRange, then: () => void): void {
    const cursor = this.#store.readNewest().cursor(range, { keysOnly: false });
    const pin = this.#store.pin(this.#store.revision);
    let bytes = 0;
    const end = (): void => {
      cursor.close();
      pin.release();
    };
    const step = (): void => {
      for (const kv of cursor.next(KEYS_PER_STEP)) bytes += kv.encoded.length;
      if (bytes <= RESPONSE_BYTES_MAX && !cursor.done && !call.cancelled) {
        this.#clock.soon(guardedStep);
        return;
      }
      end();
      if (bytes > RESPONSE_BYTES_MAX) call.fail(responseTooLarge(bytes, RESPONSE_BYTES_MAX));
      else if (!call.cancelled) then();
    };
    const guardedStep = (): void => {
      this.#guarded(call, step);
    };
    guardedStep();
  }

  /** An answer of any size that is allowed; what is larger fails before it is built. */
  answer(call: UnaryCall, outcome: DeleteRangeOutcome | TxnOutcome): void {
    this.#answer(call, outcome);
  }

  /** The rest of a large range, a step per turn, or as much of it as shows that it is too large; then `done`. */
  #goOn(
    call: UnaryCall,
    task: RangeTask,
    headerRevision: Revision,
    readRevision: Revision,
    done: (success: boolean) => void,
  ): void {
    const pin = this.#store.pin(readRevision);
    const step = (): void => {
      const bytes = task.answerBytesMin;
      const isOver = call.cancelled || bytes > RESPONSE_BYTES_MAX;
      const result = isOver ? undefined : task.step();
      if (!isOver && result === undefined) {
        this.#clock.soon(guardedStep);
        return;
      }
      task.close();
      pin.release();
      if (call.cancelled) return;
      if (result === undefined) call.fail(responseTooLarge(bytes, RESPONSE_BYTES_MAX));
      else this.#answer(call, { type: 'range', revision: headerRevision, ...result });
      done(result !== undefined);
    };
    const guardedStep = (): void => {
      this.#guarded(call, step);
    };
    this.#clock.soon(guardedStep);
  }

  /** What the store can not read ends the member: it must not serve what it does not have (G-13). */
  #guarded(call: UnaryCall, read: () => void): void {
    try {
      read();
    } catch (error) {
      const wasReplaced = isReplaced(error);
      call.fail(rpcErrorOf(wasReplaced ? 'leaderChanged' : 'stopped'));
      if (!wasReplaced) this.#onError(error);
    }
  }

  #answer(call: UnaryCall, outcome: DeleteRangeOutcome | RangeOutcome | TxnOutcome): void {
    const size = responseSize(this.#headers, outcome);
    if (size > RESPONSE_BYTES_MAX) call.fail(responseTooLarge(size, RESPONSE_BYTES_MAX));
    else call.reply(encodeResponse(this.#headers, outcome, size));
  }

  #viewAt(call: UnaryCall, revision: number): ReadView | undefined {
    if (revision <= 0) return this.#store.readNewest();
    const view = this.#store.read(revision as Revision);
    if (view.type === 'view') return view;
    call.fail(rpcErrorOf(view.type === 'compacted' ? 'compacted' : 'futureRevision'));
    return undefined;
  }

  #find(revision: Revision): ReadView | undefined {
    const view = this.#store.read(revision);
    return view.type === 'view' ? view : undefined;
  }
}

/** Nothing but "the pair of this key": what most reads are. */
function isPlain({ query }: RangeCommand): boolean {
  return (
    !query.keysOnly &&
    !query.countOnly &&
    query.minModRevision === 0 &&
    query.maxModRevision === 0 &&
    query.minCreateRevision === 0 &&
    query.maxCreateRevision === 0
  );
}
