/** A stream from the client's side: messages both ways, each in a turn of who receives it. */
import { PulledStream, StatusError, type StreamCall } from '@kv/client/transport';
import { RpcError, type Method } from '@kv/rpc';
import { findMethod, refusalOfSize, runHandler, type Inside } from './door.js';
import { Exchange, type ExchangeParts } from './exchange.js';
import { InProcessStream } from './stream.js';
import type { CallStart } from './unary.js';

export interface StreamRequest {
  /** `/etcdserverpb.Watch/Watch`. */
  readonly method: string;
  readonly start: CallStart;
  /** How the client refuses a message. */
  readonly refusal: (message: Uint8Array) => StatusError | undefined;
}

/** Its answers are waited for, though both sides send: time may pass for them. */
const KEEP_ALIVE = '/etcdserverpb.Lease/LeaseKeepAlive';

export function exchangeStream(parts: ExchangeParts, request: StreamRequest): StreamCall {
  const { inside, signal } = parts;
  const exchange = new Exchange(parts, (reason) => {
    exchange.toMember(() => {
      call.cancel();
    });
    // An aborted signal ends the stream by itself.
    if (reason instanceof StatusError) pulled.end(reason);
  });
  const end = (error: StatusError | undefined): void => {
    if (exchange.end()) pulled.end(error);
  };
  const later = (callback: () => void): void => {
    inside.process.soon(callback);
  };
  const call = new InProcessStream(
    request.start,
    {
      message: (bytes) => {
        exchange.toClient(() => {
          exchange.answered();
          const refusal = request.refusal(bytes);
          if (refusal === undefined) pulled.message(bytes);
          else {
            exchange.toMember(() => {
              call.cancel();
            });
            end(refusal);
          }
        });
      },
      ended: (error) => {
        exchange.toClient(() => {
          end(error === undefined ? undefined : new StatusError(error.code, error.message));
        });
      },
    },
    later,
  );
  const server = new StreamStart(inside, request.method, call);
  const answersOneByOne = server.isServerStream || request.method === KEEP_ALIVE;
  const pulled = new PulledStream(signal, {
    send: (message) => {
      if (answersOneByOne) exchange.expectAnswer();
      const copy = message.slice();
      exchange.toMember(() => {
        server.receive(copy);
      });
    },
    finish: () => {
      exchange.toMember(() => {
        server.receive('halfClose');
      });
    },
    cancel: () => {
      if (!exchange.end()) return;
      exchange.toMember(() => {
        call.cancel();
      });
    },
    consumed: (message) => {
      later(() => {
        call.consumed(message.length);
      });
    },
  });
  exchange.toMember(() => {
    server.begin();
  });
  return pulled;
}

/**
 * When a handler starts (rule 6 of `@kv/rpc`'s handlers): with the call where clients send many messages; else once the one message
 * *and* the end of the client's side have come.
 */
class StreamStart {
  readonly #inside: Inside;
  readonly #method: Method | RpcError;
  readonly #call: InProcessStream;
  #first: Uint8Array | undefined;

  constructor(inside: Inside, path: string, call: InProcessStream) {
    this.#inside = inside;
    this.#call = call;
    const method = findMethod(inside.services, path);
    const isUnary = !(method instanceof RpcError) && method.type === 'unary';
    this.#method = isUnary ? new RpcError(12, `${path} is unary`) : method;
  }

  /** One request, any number of answers. */
  get isServerStream(): boolean {
    const method = this.#method;
    return !(method instanceof RpcError) && method.type === 'stream' && !method.requestStream;
  }

  begin(): void {
    if (this.#method instanceof RpcError) this.#call.fail(this.#method);
    else if (!this.isServerStream) this.#run();
  }

  receive(message: Uint8Array | 'halfClose'): void {
    if (message !== 'halfClose') {
      const refusal = refusalOfSize(this.#inside, message.length);
      if (refusal !== undefined) {
        this.#call.fail(refusal);
        return;
      }
    }
    if (!this.isServerStream) this.#call.receive(message);
    else if (message !== 'halfClose') this.#first = message;
    else if (this.#first !== undefined) {
      this.#run();
      this.#call.receive(this.#first);
      this.#call.receive('halfClose');
    }
  }

  #run(): void {
    const method = this.#method;
    if (method instanceof RpcError || method.type !== 'stream') return;
    runHandler(
      () => {
        method.handler(this.#call);
      },
      (error) => {
        this.#call.fail(error);
      },
    );
  }
}
