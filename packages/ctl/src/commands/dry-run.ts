/**
 * `--dry-run` of `del` and `txn`, ours: asks the store what a request would find, and changes nothing.
 *
 * What only the write itself finds out (a lease that is gone, a key put twice) stays unknown; a `get` in a transaction does not see the
 * `put` before it.
 */
import type { CallSettings, RawClient } from '@kv/client/raw';
import {
  DeleteRangeResponse,
  PutResponse,
  RangeRequest,
  RequestOp,
  ResponseOp,
  TxnRequest,
  TxnResponse,
  kvService,
  type DeleteRangeRequest,
  type RangeResponse,
} from '@kv/proto/kv';
import type { Io } from '../io.js';

/** Said on standard error, so that the output stays what it is for. */
export function tellDryRun(io: Io): void {
  io.stderr('Dry run: nothing was changed.\n');
}

/** The answer that a deletion would get. */
export async function wouldDelete(
  client: RawClient,
  request: DeleteRangeRequest,
  settings: CallSettings,
): Promise<DeleteRangeResponse> {
  return deletion(await client.call(kvService.range, readOfDeletion(request), settings));
}

/** The answer that a transaction would get: its comparisons are made, and of its writes only what they would replace is read. */
export async function wouldCommit(
  client: RawClient,
  request: TxnRequest,
  settings: CallSettings,
): Promise<TxnResponse> {
  const { compare, success, failure } = request;
  const reads = TxnRequest.create({
    compare,
    success: success.map(readOf),
    failure: failure.map(readOf),
  });
  const answer = await client.call(kvService.txn, reads, settings);
  const asked = answer.succeeded ? success : failure;
  const responses = answer.responses.map((response, i) => answerOf(asked[i], response));
  return TxnResponse.create({ ...answer, responses });
}

function readOfDeletion({ key, rangeEnd, prevKv }: DeleteRangeRequest): RangeRequest {
  return RangeRequest.create({ key, rangeEnd, countOnly: !prevKv });
}

function deletion({ header, count, kvs }: RangeResponse): DeleteRangeResponse {
  return DeleteRangeResponse.create({ header, deleted: count, prevKvs: kvs });
}

/** The lines of `txn` make no transaction within one. */
function readOf(op: RequestOp): RequestOp {
  const read = (value: RangeRequest): RequestOp =>
    RequestOp.create({ request: { $case: 'requestRange', value } });
  switch (op.request?.$case) {
    case 'requestPut': {
      const { key, prevKv } = op.request.value;
      return read(RangeRequest.create({ key, countOnly: !prevKv }));
    }
    case 'requestDeleteRange':
      return read(readOfDeletion(op.request.value));
    case 'requestRange':
    case 'requestTxn':
    case undefined:
      return op;
  }
}

/** The answer to `asked`, from what was read instead. */
function answerOf(asked: RequestOp | undefined, op: ResponseOp): ResponseOp {
  if (op.response?.$case !== 'responseRange') return op;
  const found = op.response.value;
  switch (asked?.request?.$case) {
    case 'requestPut': {
      const { header, kvs } = found;
      const value = PutResponse.create({ header, prevKv: kvs[0] });
      return ResponseOp.create({ response: { $case: 'responsePut', value } });
    }
    case 'requestDeleteRange':
      return ResponseOp.create({
        response: { $case: 'responseDeleteRange', value: deletion(found) },
      });
    case 'requestRange':
    case 'requestTxn':
    case undefined:
      return op;
  }
}
