/**
 * Range and read-only Txn against the store, answering a call: small ranges at once, large ones in steps between which other
 * requests are served. A read keeps its revision for as long as it takes.
 */
import { RangeTask } from '@kv/mvcc';
import type { MvccStore, ReadView, Revision } from '@kv/mvcc';
import type { UnaryCall } from '@kv/rpc';
import type { RangeCommand, TxnCommand } from '../apply/command.js';
import type { KvState } from '../apply/kv.js';
import type { DeleteRangeOutcome, RangeOutcome, TxnOutcome } from '../apply/outcome.js';
import { readTxn } from '../apply/txn.js';
import type { Clock } from '../clock.js';
import { RESPONSE_BYTES_MAX } from '../request/limits.js';
import type { ResponseHeaders } from './header.js';
import { encodeResponse, responseSize } from './kv-encode.js';
import { responseTooLarge, rpcErrorOf } from './status.js';

export class RangeReader {
  readonly #store: MvccStore;
  readonly #headers: ResponseHeaders;
  readonly #clock: Clock;
  readonly #kv: KvState;

  constructor(store: MvccStore, headers: ResponseHeaders, clock: Clock) {
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
  readonly range = (call: UnaryCall, command: RangeCommand): void => {
    const { query } = command;
    const newest = this.#store.readNewest();
    if (command.revision <= 0 && query.range.type === 'single' && isPlain(command)) {
      const kv = newest.get(query.range.key);
      const kvs = kv === undefined ? [] : [kv];
      this.#answer(call, {
        type: 'range',
        revision: newest.revision,
        kvs,
        count: kvs.length,
        more: false,
      });
      return;
    }
    const view = this.#viewAt(call, command.revision);
    if (view === undefined) return;
    const task = new RangeTask(view, query);
    const result = task.step();
    const { revision } = newest;
    if (result !== undefined) this.#answer(call, { type: 'range', revision, ...result });
    else this.#goOn(call, task, revision, view.revision);
  };

  readonly txn = (call: UnaryCall, command: TxnCommand): void => {
    const outcome = readTxn(command, this.#store.readNewest(), (at) => this.#find(at), this.#kv);
    if ('rejection' in outcome) call.fail(rpcErrorOf(outcome.rejection));
    else this.#answer(call, outcome);
  };

  /** An answer of any size that is allowed; what is larger fails before it is built. */
  answer(call: UnaryCall, outcome: DeleteRangeOutcome | TxnOutcome): void {
    this.#answer(call, outcome);
  }

  #goOn(call: UnaryCall, task: RangeTask, headerRevision: Revision, readRevision: Revision): void {
    const pin = this.#store.pin(readRevision);
    const end = (): void => {
      task.close();
      pin.release();
    };
    const step = (): void => {
      if (call.cancelled) {
        end();
        return;
      }
      try {
        const result = task.step();
        if (result === undefined) {
          this.#clock.soon(step);
          return;
        }
        this.#answer(call, { type: 'range', revision: headerRevision, ...result });
      } catch (error) {
        call.fail(rpcErrorOf('stopped'));
        end();
        throw error;
      }
      end();
    };
    this.#clock.soon(step);
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
