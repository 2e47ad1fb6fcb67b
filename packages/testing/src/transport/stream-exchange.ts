/** A stream from the client's side: messages both ways, each in a turn of who receives it. */
import { PulledStream, StatusError, type StreamCall } from '@kv/client/transport';
import { RpcError, type Method } from '@kv/rpc';
import { findMethod, refusalOfSize, runHandler, type Inside } from './door.js';
import { Exchange, type ExchangeParts } from './exchange.js';
import { InProcessStream, type StreamListener } from './stream.js';
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
  return new StreamExchange(parts, request).pulled;
}

class StreamExchange {
  /** What the caller reads. */
  readonly pulled: PulledStream;
  readonly #exchange: Exchange;
  readonly #call: InProcessStream;
  readonly #server: StreamStart;
  readonly #refusal: StreamRequest['refusal'];
  /** Each message that the client sends is answered by one. */
  readonly #isAnswered: boolean;

  constructor(parts: ExchangeParts, { method, start, refusal }: StreamRequest) {
    const { inside, signal } = parts;
    const later = (callback: () => void): void => {
      inside.process.soon(callback);
    };
    this.#refusal = refusal;
    this.#exchange = new Exchange(parts, (reason) => {
      this.#cancel();
      // An aborted signal ends the stream by itself.
      if (reason instanceof StatusError) this.pulled.end(reason);
    });
    this.#call = new InProcessStream(start, this.#fromMember(), later);
    this.#server = new StreamStart(inside, method, this.#call);
    this.#isAnswered = this.#server.isServerStream || method === KEEP_ALIVE;
    this.pulled = new PulledStream(signal, {
      send: (message) => {
        this.#send(message.slice());
      },
      finish: () => {
        this.#send('halfClose');
      },
      cancel: () => {
        if (this.#exchange.end()) this.#cancel();
      },
      consumed: ({ length }) => {
        later(() => {
          this.#call.consumed(length);
        });
      },
    });
    this.#exchange.toMember(() => {
      this.#server.begin();
    });
  }

  #send(message: Uint8Array | 'halfClose'): void {
    if (this.#isAnswered && message !== 'halfClose') this.#exchange.expectAnswer();
    this.#exchange.toMember(() => {
      this.#server.receive(message);
    });
  }

  #cancel(): void {
    this.#exchange.toMember(() => {
      this.#call.cancel();
    });
  }

  #fromMember(): StreamListener {
    return {
      message: (bytes) => {
        this.#exchange.toClient(() => {
          this.#receive(bytes);
        });
      },
      ended: (error) => {
        this.#exchange.toClient(() => {
          this.#end(error === undefined ? undefined : new StatusError(error.code, error.message));
        });
      },
    };
  }

  #receive(bytes: Uint8Array): void {
    this.#exchange.answered();
    const refused = this.#refusal(bytes);
    if (refused === undefined) {
      this.pulled.message(bytes);
      return;
    }
    this.#cancel();
    this.#end(refused);
  }

  #end(error: StatusError | undefined): void {
    if (this.#exchange.end()) this.pulled.end(error);
  }
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
