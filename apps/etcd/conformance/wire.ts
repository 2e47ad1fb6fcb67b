/** The client of the comparison: every call of the API by its descriptor, every field of every answer kept. `GrpcWire` is the one on sockets. */
import { Client, credentials } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import type { MethodDescriptor, RequestOf, ResponseOf } from '@kv/proto';

/** How a call ended: with an answer, or with the code and text that clients see. */
export type Answer<T> =
  | { readonly ok: true; readonly message: T }
  | { readonly ok: false; readonly code: number; readonly text: string };

export const CALL_MS_MAX = 20_000;

/** How the messages of a server stream came, and how it ended. */
export interface StreamEnd<T> {
  readonly messages: readonly T[];
  readonly code: number;
  readonly text: string;
}

/** An open call of which both sides send. */
export interface DuplexCall<M extends MethodDescriptor> {
  send(request: RequestOf<M>): void;
  finish(): void;
  cancel(): void;
  /** The next answer, or `end`; rejects when nothing comes. */
  next(): Promise<ResponseOf<M> | 'end'>;
}

/** A way to one server. */
export interface Wire {
  /** One request, one answer. */
  unary<M extends MethodDescriptor>(
    method: M,
    request: RequestOf<M>,
  ): Promise<Answer<ResponseOf<M>>>;
  /** One request, any number of answers, then how it ended. */
  serverStream<M extends MethodDescriptor>(
    method: M,
    request: RequestOf<M>,
  ): Promise<StreamEnd<ResponseOf<M>>>;
  /** Both sides send; the script reads one answer at a time. */
  duplex<M extends MethodDescriptor>(method: M): DuplexCall<M>;
  close(): void;
}

export class GrpcWire implements Wire {
  readonly #client: Client;

  constructor(endpoint: string) {
    this.#client = new Client(endpoint, credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
    });
  }

  unary<M extends MethodDescriptor>(
    method: M,
    request: RequestOf<M>,
  ): Promise<Answer<ResponseOf<M>>> {
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(
        method.path,
        (message: RequestOf<M>): Buffer => Buffer.from(method.request.encode(message)),
        (bytes: Buffer): ResponseOf<M> => method.response.decode(bytes) as ResponseOf<M>,
        request,
        { deadline: Date.now() + CALL_MS_MAX },
        (error: ServiceError | null, message?: ResponseOf<M>) => {
          if (error !== null) resolve({ ok: false, code: error.code, text: error.details });
          else if (message !== undefined) resolve({ ok: true, message });
        },
      );
    });
  }

  serverStream<M extends MethodDescriptor>(
    method: M,
    request: RequestOf<M>,
  ): Promise<StreamEnd<ResponseOf<M>>> {
    const stream = this.#client.makeServerStreamRequest(
      method.path,
      (message: RequestOf<M>): Buffer => Buffer.from(method.request.encode(message)),
      (bytes: Buffer): ResponseOf<M> => method.response.decode(bytes) as ResponseOf<M>,
      request,
      { deadline: Date.now() + CALL_MS_MAX },
    );
    const messages: ResponseOf<M>[] = [];
    return new Promise((resolve) => {
      stream.on('data', (message: ResponseOf<M>) => messages.push(message));
      stream.on('error', (error: ServiceError) => {
        resolve({ messages, code: error.code, text: error.details });
      });
      stream.on('end', () => {
        resolve({ messages, code: 0, text: '' });
      });
    });
  }

  duplex<M extends MethodDescriptor>(method: M): DuplexCall<M> {
    return new Duplex(this.#client, method);
  }

  close(): void {
    this.#client.close();
  }
}

class Duplex<M extends MethodDescriptor> implements DuplexCall<M> {
  readonly #call: ReturnType<Client['makeBidiStreamRequest']>;
  readonly #answers: (ResponseOf<M> | 'end')[] = [];
  #wanted: (() => void) | undefined;

  constructor(client: Client, method: M) {
    const call = client.makeBidiStreamRequest(
      method.path,
      (message: RequestOf<M>): Buffer => Buffer.from(method.request.encode(message)),
      (bytes: Buffer): ResponseOf<M> => method.response.decode(bytes) as ResponseOf<M>,
    );
    this.#call = call as ReturnType<Client['makeBidiStreamRequest']>;
    call.on('data', (message: ResponseOf<M>) => {
      this.#push(message);
    });
    call.on('error', () => {
      this.#push('end');
    });
    call.on('end', () => {
      this.#push('end');
    });
  }

  send(request: RequestOf<M>): void {
    this.#call.write(request);
  }

  finish(): void {
    this.#call.end();
  }

  cancel(): void {
    this.#call.cancel();
  }

  async next(): Promise<ResponseOf<M> | 'end'> {
    if (this.#answers.length === 0) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
          reject(new Error('no answer on the stream'));
        }, CALL_MS_MAX);
        this.#wanted = (): void => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#answers.shift() ?? 'end';
  }

  #push(answer: ResponseOf<M> | 'end'): void {
    this.#answers.push(answer);
    this.#wanted?.();
    this.#wanted = undefined;
  }
}
