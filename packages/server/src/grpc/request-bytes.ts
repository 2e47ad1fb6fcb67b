/** From the bytes of a request to what it says, or the status of a call whose bytes say nothing. */
import type { RpcError } from '@kv/rpc';
import type { RequestField } from '../apply/entry-codec.js';
import type { Draft, Proposer } from '../request/proposer.js';
import { malformedRequest } from './status.js';

/** Any call, seen as something that can fail. */
interface FailableCall {
  fail(error: RpcError): void;
}

/** Reads a request; fails the call and gives undefined for bytes that are no message. */
export function readRequest<T>(call: FailableCall, decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    // Decoders throw for bytes only: a WireError, or the generated ones an error of their own.
    call.fail(malformedRequest(error));
    return undefined;
  }
}

/** The entry around a request, with the command read from it; as {@link readRequest} for what is no request. */
export function draftRequest(
  call: FailableCall & { readonly request: Uint8Array },
  proposer: Proposer,
  field: RequestField,
): Draft | undefined {
  return readRequest(call, () => proposer.draft(field, call.request));
}
