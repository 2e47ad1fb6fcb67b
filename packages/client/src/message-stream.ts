/** An open stream of messages, over a transport's stream of bytes. */
import type { BidiMethod, ServerStreamMethod } from '@kv/proto';
import { decoded } from './decode.js';
import type { StreamCall } from './transport/port.js';

/** Read it to its end or `cancel` it. */
export interface MessageStream<Request, Response> extends AsyncIterable<Response> {
  send(request: Request): void;
  finish(): void;
  cancel(): void;
}

export interface StreamOwner {
  /** What the reader sees of a failure. */
  explain(error: unknown): unknown;
  /** The stream is over, with what the reader saw; may be told more than once, and the first counts. */
  ended(error: unknown): void;
}

export function decodedStream<Request, Response>(
  method: BidiMethod<Request, Response> | ServerStreamMethod<Request, Response>,
  call: StreamCall,
  owner: StreamOwner,
): MessageStream<Request, Response> {
  return {
    send: (request) => {
      call.send(method.request.encode(request));
    },
    finish: () => {
      call.finish();
    },
    cancel: () => {
      call.cancel();
      owner.ended(undefined);
    },
    async *[Symbol.asyncIterator](): AsyncGenerator<Response, void, undefined> {
      try {
        for await (const bytes of call) yield decoded(method, bytes);
      } catch (error) {
        const explained = owner.explain(error);
        owner.ended(explained);
        throw explained;
      } finally {
        owner.ended(undefined);
      }
    },
  };
}
