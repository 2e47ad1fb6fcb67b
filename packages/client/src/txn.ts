/** The builder of transactions: `txn.if(...).then(...).else(...).commit()`. */
import type { Bytes } from './data.js';
import type {
  Condition,
  NestedOperation,
  Operations,
  Transaction,
  TransactionResult,
} from './operation.js';
import type { CallSettings } from './raw.js';

/** Sends a finished transaction. */
export type TransactionSender<Value, Input> = <
  Then extends Operations<Input>,
  Else extends Operations<Input>,
>(
  transaction: Transaction<Input, Then, Else>,
  settings: CallSettings,
) => Promise<TransactionResult<Then, Else, Value>>;

/**
 * A transaction under construction. Each step gives a new one and leaves the old as it was. The result's type follows the branches:
 * `succeeded` tells which was taken, and `results` is the tuple of its operations' results.
 *
 * It is no promise, although it has a `then`: `await` on it is a mistake that rejects with a `TypeError`. Call `commit`.
 */
export class Txn<
  Value = Uint8Array,
  Input = Bytes,
  Then extends Operations<Input> = readonly [],
  Else extends Operations<Input> = readonly [],
> {
  readonly #send: TransactionSender<Value, Input>;
  readonly #conditions: readonly Condition<Input>[];
  readonly #then: Then;
  readonly #else: Else;

  constructor(
    send: TransactionSender<Value, Input>,
    conditions: readonly Condition<Input>[],
    then: Then,
    otherwise: Else,
  ) {
    this.#send = send;
    this.#conditions = conditions;
    this.#then = then;
    this.#else = otherwise;
  }

  /** More conditions; all must hold. */
  if(...conditions: readonly Condition<Input>[]): Txn<Value, Input, Then, Else> {
    const all = [...this.#conditions, ...conditions];
    return new Txn(this.#send, all, this.#then, this.#else);
  }

  /** What happens, in this order, when all conditions hold. Replaces what was there. */
  then<const Ops extends Operations<Input>>(...operations: Ops): Txn<Value, Input, Ops, Else> {
    const [first, second]: readonly unknown[] = operations;
    if (typeof first === 'function') {
      const mistake = new TypeError('a transaction is not a promise: call commit()');
      if (typeof second === 'function') (second as (reason: Error) => void)(mistake);
      else throw mistake;
    }
    return new Txn(this.#send, this.#conditions, operations, this.#else);
  }

  /** What happens, in this order, when a condition does not hold. Replaces what was there. */
  else<const Ops extends Operations<Input>>(...operations: Ops): Txn<Value, Input, Then, Ops> {
    return new Txn(this.#send, this.#conditions, this.#then, operations);
  }

  /** This transaction as an operation of another. */
  nested(): NestedOperation<Input, Then, Else> {
    return { type: 'txn', if: this.#conditions, then: this.#then, else: this.#else };
  }

  /** Sends it, at most once: compares and acts at one revision. */
  commit(settings: CallSettings = {}): Promise<TransactionResult<Then, Else, Value>> {
    const transaction = { if: this.#conditions, then: this.#then, else: this.#else };
    return this.#send<Then, Else>(transaction, settings);
  }
}
