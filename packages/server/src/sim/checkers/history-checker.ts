/**
 * Judges what clients were told against what the log shows (G-1 to G-7, G-18).
 *
 * Revisions make it cheap: an acknowledged change carries its own, so the log says where each took effect, and where changes of
 * unknown outcome did. What is left is to compare every answer with the naive store at the revision of its header, and to see
 * that this order agrees with time: nothing that began after something was seen is placed before it.
 */
import {
  DeleteRangeRequest,
  DeleteRangeResponse,
  PutRequest,
  PutResponse,
  RangeResponse,
  TxnRequest,
  TxnResponse,
} from '@kv/proto';
import type { CallOutcome } from '../connection.js';
import type { History, Operation, OperationOf } from '../history.js';
import { promised, type Check } from '../violation.js';
import { text, type LogChecker } from './log-checker.js';
import { keyText } from './key-model.js';
import { Placement } from './placement.js';
import { RevisionFloor } from './revision-floor.js';
import type { ModelAnswer } from './store-model.js';
import { answerWithoutChange, planOf } from './txn-model.js';

export function checkHistory(history: History, log: LogChecker, endMs: number): void {
  new HistoryChecker(history, log, endMs).check();
}

class HistoryChecker {
  readonly #log: LogChecker;
  readonly #operations: readonly Operation[];
  readonly #placement: Placement;
  readonly #floor: RevisionFloor;
  readonly #endMs: number;

  constructor(history: History, log: LogChecker, endMs: number) {
    this.#log = log;
    this.#operations = history.operations;
    this.#placement = new Placement(log, history.operations);
    this.#floor = new RevisionFloor(history);
    this.#endMs = endMs;
  }

  check(): void {
    for (const operation of this.#operations) this.#checkOne(operation);
    this.#placement.checkOutcomes();
  }

  #checkOne(operation: Operation): void {
    switch (operation.kind) {
      case 'put':
        this.#answered(operation, (response, revision) => {
          this.#checkPut(operation, response, revision);
        });
        return;
      case 'deleteRange':
        this.#answered(operation, (response, revision) => {
          this.#checkDelete(operation, response, revision);
        });
        return;
      case 'txn':
        this.#answered(operation, (response, revision) => {
          this.#checkTxn(operation, response, revision);
        });
        this.#checkRefusal(operation);
        return;
      case 'range':
        this.#answered(operation, (response, revision) => {
          this.#checkRange(operation, response, revision);
        });
        this.#checkRefusal(operation);
        return;
      case 'compact':
      case 'leaseGrant':
      case 'leaseRevoke':
        this.#answered(operation, (_, revision) => {
          this.#checkTime(operation, revision, false);
          this.#placement.checkLogged(operation);
        });
        return;
      case 'leaseKeepAlive':
        return;
    }
  }

  #answered<R extends { readonly header: { readonly revision: bigint } | undefined }>(
    { outcome }: { readonly outcome: CallOutcome<R> | undefined },
    check: (response: R, revision: number) => void,
  ): void {
    if (outcome?.type !== 'ok') return;
    check(outcome.response, Number(outcome.response.header?.revision ?? 0n));
  }

  #checkPut(operation: OperationOf<'put'>, response: PutResponse, revision: number): void {
    this.#checkTime(operation, revision, true);
    const answer = this.#placement.claim('put', PutRequest, operation, revision);
    promised(answer?.type === 'put', 'durability', () => {
      return `${told(operation, revision)}, but that revision is another's or lost`;
    });
    if (answer?.type !== 'put') return;
    this.#same(operation, revision, PutResponse, response, answer.response, 'linearizability');
  }

  #checkDelete(
    operation: OperationOf<'deleteRange'>,
    response: DeleteRangeResponse,
    revision: number,
  ): void {
    const changed = response.deleted > 0n;
    this.#checkTime(operation, revision, changed);
    const { key, rangeEnd } = operation.request;
    if (!changed) {
      const nothing = this.#log.model.keys.emptyDeletion(keyText(key), keyText(rangeEnd), revision);
      promised(nothing !== undefined, 'linearizability', () => {
        return `${told(operation, revision)}, nothing, but there was something`;
      });
      return;
    }
    const answer = this.#placement.claim('delete', DeleteRangeRequest, operation, revision);
    promised(answer?.type === 'deleteRange', 'durability', () => {
      return `${told(operation, revision)}, but that revision is another's or lost`;
    });
    if (answer?.type !== 'deleteRange') return;
    const expected = answer.response;
    this.#same(operation, revision, DeleteRangeResponse, response, expected, 'linearizability');
  }

  #checkTxn(operation: OperationOf<'txn'>, response: TxnResponse, revision: number): void {
    const { success, failure } = operation.request;
    // etcd answers a transaction without operations as a serializable read (spec: rpc.md §5.5).
    if (success.length + failure.length > 0) this.#checkTime(operation, revision, false);
    else this.#exists(operation, revision);
    const actual = withoutHeaders(response);
    const answer = this.#placement.claim('txn', TxnRequest, operation, revision, (made) =>
      isTxnAnswer(made, actual),
    );
    if (answer !== undefined) return;
    // It changed nothing: it is a read of the state at its revision.
    const ground = this.#log.model.ground(revision);
    const expected = answerWithoutChange(planOf(operation.request, ground), ground);
    promised(expected !== undefined, 'durability', () => {
      return `${told(operation, revision)}, but its change is not there`;
    });
    if (expected === undefined) return;
    this.#same(operation, revision, TxnResponse, actual, expected, 'linearizability');
  }

  #checkRange(operation: OperationOf<'range'>, response: RangeResponse, revision: number): void {
    const { request } = operation;
    this.#exists(operation, revision);
    if (!request.serializable) this.#checkTime(operation, revision, false);
    const at = request.revision > 0n ? Number(request.revision) : revision;
    promised(at <= revision, 'history-read', () => {
      return `${told(operation, revision)}: a revision that does not exist was read`;
    });
    const expected = this.#log.model.keys.range(request, at);
    const check = request.revision > 0n ? 'history-read' : 'linearizability';
    this.#same(operation, revision, RangeResponse, response, expected, check);
  }

  /** `compacted` and `future` are true at some moment of the call. */
  #checkRefusal({ kind, outcome, request, returnedMs, invokedMs }: Operation): void {
    if (kind !== 'range' || outcome?.type !== 'error') return;
    const range = request;
    const at = Number(range.revision);
    if (outcome.message.includes('future revision') && !range.serializable) {
      promised(at > this.#floor.before(invokedMs), 'history-read', () => {
        return `revision ${at} was refused as a future one, but it had been seen`;
      });
    }
    if (outcome.message.includes('has been compacted')) {
      promised(this.#placement.compactedBy(at, returnedMs ?? 0), 'history-read', () => {
        return `revision ${at} was refused as compacted, but nobody had compacted it`;
      });
    }
  }

  #exists(operation: Operation, revision: number): number {
    const firstMs = this.#log.firstMsOf(revision);
    promised(firstMs !== undefined, 'durability', () => {
      return `${told(operation, revision)}, but there is no such revision`;
    });
    promised((firstMs ?? 0) <= (operation.returnedMs ?? this.#endMs), 'linearizability', () => {
      return `${told(operation, revision)} before anybody had applied it`;
    });
    return firstMs ?? 0;
  }

  /** Placed between its begin and its end, and after everything that was seen before it began. */
  #checkTime(operation: Operation, revision: number, changed: boolean): void {
    const firstMs = this.#exists(operation, revision);
    const floor = this.#floor.before(operation.invokedMs);
    promised(changed ? revision > floor : revision >= floor, 'linearizability', () => {
      return `${told(operation, revision)}, but revision ${floor} had been seen before it began`;
    });
    if (!changed) return;
    promised(firstMs >= operation.invokedMs, 'linearizability', () => {
      return `${told(operation, revision)}, which was there before it was asked for`;
    });
  }

  #same<T extends { header: unknown }>(
    operation: Operation,
    revision: number,
    codec: { encode(message: T): { finish(): Uint8Array } },
    actual: T,
    expected: T,
    check: Check,
  ): void {
    const bare = { ...actual, header: undefined };
    const same = Buffer.compare(codec.encode(bare).finish(), codec.encode(expected).finish()) === 0;
    promised(same, check, () => {
      return `${told(operation, revision)} ${text(bare)}, not ${text(expected)}`;
    });
  }
}

function isTxnAnswer(made: ModelAnswer, actual: TxnResponse): boolean {
  if (made.type !== 'txn') return false;
  const bytes = (response: TxnResponse): Uint8Array => TxnResponse.encode(response).finish();
  return Buffer.compare(bytes(made.response), bytes(actual)) === 0;
}

/** Headers inside of a transaction are not compared. */
function withoutHeaders(txn: TxnResponse): TxnResponse {
  const responses = txn.responses.map(({ response }): TxnResponse['responses'][number] => {
    switch (response?.$case) {
      case 'responseTxn':
        return { response: { ...response, value: withoutHeaders(response.value) } };
      case 'responsePut':
        return { response: { ...response, value: { ...response.value, header: undefined } } };
      case 'responseRange':
        return { response: { ...response, value: { ...response.value, header: undefined } } };
      case 'responseDeleteRange':
        return { response: { ...response, value: { ...response.value, header: undefined } } };
      case undefined:
        return { response };
    }
  });
  return { header: undefined, succeeded: txn.succeeded, responses };
}

function told({ client, kind, request, machine }: Operation, revision: number): string {
  return `${client} was told by m${machine} of ${kind} ${text(request)} at revision ${revision}`;
}
