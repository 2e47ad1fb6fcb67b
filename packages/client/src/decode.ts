/** Messages of the server, or a `KvError` of code `protocol` that says whose they were. */
import type { BidiMethod, ServerStreamMethod, UnaryMethod } from '@kv/proto';
import { KvError } from './errors.js';

type Method<Request, Response> =
  | UnaryMethod<Request, Response>
  | ServerStreamMethod<Request, Response>
  | BidiMethod<Request, Response>;

export function decoded<Request, Response>(
  method: Method<Request, Response>,
  bytes: Uint8Array,
): Response {
  try {
    return method.response.decode(bytes);
  } catch (cause) {
    const message = `an answer to ${method.path} can not be decoded`;
    throw new KvError('protocol', message, { outcome: 'unknown', methodPath: method.path, cause });
  }
}
