/** A script: calls in order against one server, everything that comes back written down. */
import { services } from '@kv/proto';
import type {
  CompactionRequest,
  DeleteRangeRequest,
  MethodDescriptor,
  PutRequest,
  RangeRequest,
  RequestOf,
  ResponseOf,
  TxnRequest,
} from '@kv/proto';
import { Transcript } from './transcript.js';
import type { DuplexCall, Wire } from './wire.js';

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What a script works with. Requests are given in part; the rest has its zero value. */
export class Session {
  readonly transcript = new Transcript();
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  put(request: Partial<PutRequest>): Promise<void> {
    return this.call('put', services.kv.put, request);
  }
  range(request: Partial<RangeRequest>): Promise<void> {
    return this.call('range', services.kv.range, request);
  }
  deleteRange(request: Partial<DeleteRangeRequest>): Promise<void> {
    return this.call('deleteRange', services.kv.deleteRange, request);
  }
  txn(request: Partial<TxnRequest>): Promise<void> {
    return this.call('txn', services.kv.txn, request);
  }
  compact(request: Partial<CompactionRequest>): Promise<void> {
    return this.call('compact', services.kv.compact, request);
  }

  /** Makes a call and writes down how it ended. `view` is what of an answer is compared; all of it by default. */
  async call<M extends MethodDescriptor>(
    title: string,
    method: M,
    request: Partial<RequestOf<M>>,
    view: (message: ResponseOf<M>) => unknown = (message) => message,
  ): Promise<void> {
    const answer = await this.#wire.unary(method, complete(method, request));
    this.transcript.add(title, answer.ok ? { ok: view(answer.message) } : answer);
  }

  /** A server stream, merged as its client sees it: how it was cut into messages is the server's choice. */
  async rangeStream(request: Partial<RangeRequest>): Promise<void> {
    const method = services.kv.rangeStream;
    const { messages, code, text } = await this.#wire.serverStream(
      method,
      complete(method, request),
    );
    const parts = messages.map((message) => message.rangeResponse);
    const last = parts.at(-1);
    this.transcript.add('rangeStream', {
      kvs: parts.flatMap((part) => part?.kvs ?? []),
      header: last?.header,
      count: last?.count,
      more: last?.more,
      code,
      text,
    });
  }

  duplex<M extends MethodDescriptor>(method: M): DuplexCall<M> {
    return this.#wire.duplex(method);
  }
}

/** Fills in zero values, as decoding an empty message gives them. */
export function complete<M extends MethodDescriptor>(
  method: M,
  request: Partial<RequestOf<M>>,
): RequestOf<M> {
  return Object.assign(method.request.decode(new Uint8Array(0)) as object, request) as RequestOf<M>;
}

export interface Script {
  readonly name: string;
  run(session: Session): Promise<void>;
}
