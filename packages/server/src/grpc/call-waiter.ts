/** Joins a unary call to what it waits for inside: one object per call, no closures. */
import type { UnaryCall } from '@kv/rpc';
import type { Outcome } from '../apply/outcome.js';
import type { ProposalFailure, Waiter } from '../request/proposal.js';
import type { Reader, ReadFailure } from '../request/linearizable.js';
import { rpcErrorOf } from './status.js';

/** Makes the answer to an outcome that is no rejection. Throws an RpcError if there is none. */
export type AnswerOutcome = (
  call: UnaryCall,
  outcome: Exclude<Outcome, { type: 'rejected' }>,
) => void;

/** Answers a call by the outcome of its proposal. */
export class CallWaiter implements Waiter {
  readonly #call: UnaryCall;
  readonly #answer: AnswerOutcome;

  constructor(call: UnaryCall, answer: AnswerOutcome) {
    this.#call = call;
    this.#answer = answer;
  }

  applied(outcome: Outcome): void {
    if (outcome.type === 'rejected') this.#call.fail(rpcErrorOf(outcome.reason));
    else this.#answer(this.#call, outcome);
  }

  failed(failure: ProposalFailure): void {
    this.#call.fail(rpcErrorOf(failure));
  }
}

/** Answers a call by a read; does not throw. `arrivedMs`: when the call came, for metrics. */
export type AnswerRead<T> = (call: UnaryCall, request: T, arrivedMs: number) => void;

/** Runs a read once it is linearizable. */
export class CallReader<T> implements Reader {
  readonly #call: UnaryCall;
  readonly #request: T;
  readonly #arrivedMs: number;
  readonly #read: AnswerRead<T>;

  constructor(call: UnaryCall, request: T, arrivedMs: number, read: AnswerRead<T>) {
    this.#call = call;
    this.#request = request;
    this.#arrivedMs = arrivedMs;
    this.#read = read;
  }

  ready(): void {
    if (!this.#call.cancelled) this.#read(this.#call, this.#request, this.#arrivedMs);
  }

  failed(failure: ReadFailure): void {
    this.#call.fail(rpcErrorOf(failure));
  }
}
