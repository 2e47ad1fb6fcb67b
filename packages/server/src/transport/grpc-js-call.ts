/** Calls as handlers see them, made out of grpc-js's intercepted calls. Invariants T1 to T4 of DESIGN.md live here. */
import type { Metadata as GrpcMetadata, ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { RpcCode, RpcError } from '@kv/rpc';
import type {
  Metadata,
  MethodObserver,
  Peer,
  StreamCall,
  StreamHandler,
  UnaryCall,
  UnaryHandler,
} from '@kv/rpc';
import { systemClock } from '../clock.js';
import { etcdStatus, grpcStatus, rpcCodeOf, statusOf } from './grpc-js-status.js';
import type { GrpcStatus } from './grpc-js-status.js';

type Listener = Parameters<ServerInterceptingCallInterface['start']>[0];

/** What the calls of one method share. */
export interface MethodContext {
  readonly path: string;
  readonly observer: MethodObserver | undefined;
  readonly bufferedBytesMax: number;
  readonly onHandlerError: (path: string, error: unknown) => void;
}

const noMetadata: Metadata = { get: () => undefined, getBinary: () => undefined };
const okStatus: GrpcStatus = Object.freeze(grpcStatus(RpcCode.ok, ''));
const internalError = (): RpcError => new RpcError(RpcCode.internal, 'internal error');

function metadataOf(received: GrpcMetadata): Metadata {
  return {
    get(key) {
      const first = received.get(key)[0];
      return typeof first === 'string' ? first : undefined;
    },
    getBinary(key) {
      const first = received.get(key)[0];
      return typeof first === 'object' ? first : undefined;
    },
  };
}

function peerOf(call: ServerInterceptingCallInterface): Peer {
  const address = call.getPeer();
  const commonName = call.getAuthContext().sslPeerCertificate?.subject.CN;
  const known = { address: address === 'unknown' ? 'unix' : address };
  return typeof commonName === 'string' ? { ...known, commonName } : known;
}

/** grpc-js counts deadlines on the wall clock; handlers on the monotonic one. */
function deadlineOf(call: ServerInterceptingCallInterface): number | undefined {
  const deadline = call.getDeadline();
  if (deadline === Infinity) return undefined;
  return systemClock.monotonicMs() + (Number(deadline) - systemClock.wallMs());
}

/** What unary and streaming calls have in common: how a call ends. */
abstract class GrpcJsCall {
  readonly peer: Peer;
  readonly deadlineMs: number | undefined;
  metadata: Metadata = noMetadata;
  protected readonly wire: ServerInterceptingCallInterface;
  protected readonly context: MethodContext;
  readonly #sendStatus: (status: GrpcStatus) => void;
  #state: 'open' | 'ended' | 'cancelled' = 'open';
  #onCancel: (() => void) | undefined;

  constructor(wire: ServerInterceptingCallInterface, context: MethodContext) {
    this.wire = wire;
    this.context = context;
    this.peer = peerOf(wire);
    this.deadlineMs = deadlineOf(wire);
    const send = wire.sendStatus.bind(wire);
    this.#sendStatus = send;
    // grpc-js ends calls on its own (deadline, size, compression) through this method of its own object.
    wire.sendStatus = (status): void => {
      this.#cancel(rpcCodeOf(status));
      send(etcdStatus(status));
    };
  }

  get open(): boolean {
    return this.#state === 'open';
  }

  get cancelled(): boolean {
    return this.#state === 'cancelled';
  }

  onCancel(callback: () => void): void {
    if (this.cancelled) callback();
    else this.#onCancel = callback;
  }

  fail(error: RpcError): void {
    this.finish(statusOf(error));
  }

  protected finish(status: GrpcStatus): void {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    this.#onCancel = undefined;
    this.context.observer?.handled(rpcCodeOf(status));
    this.#sendStatus(status);
  }

  /** Runs code of the handler; what it throws ends this call and nothing else (rule 5). */
  protected run(code: () => void): void {
    try {
      code();
    } catch (error) {
      this.context.onHandlerError(this.context.path, error);
      this.fail(internalError());
    }
  }

  protected begin(listener: Omit<Listener, 'onReceiveMetadata' | 'onCancel'>): void {
    this.context.observer?.started();
    this.wire.start({
      onReceiveMetadata: (received) => {
        this.metadata = metadataOf(received);
        this.ready();
      },
      onReceiveMessage: (message: Uint8Array) => {
        if (!this.open) return;
        this.context.observer?.received(message.length);
        listener.onReceiveMessage(message);
      },
      onReceiveHalfClose: () => {
        if (this.open) listener.onReceiveHalfClose();
      },
      onCancel: () => {
        this.#cancel(RpcCode.cancelled);
      },
    });
  }

  /** The headers have arrived. */
  protected abstract ready(): void;

  /** grpc-js reports the end of every call as a cancellation, also when we ended it (T2). */
  #cancel(code: RpcCode): void {
    if (this.#state !== 'open') return;
    this.#state = 'cancelled';
    this.context.observer?.handled(code);
    const callback = this.#onCancel;
    this.#onCancel = undefined;
    if (callback !== undefined) this.run(callback);
  }
}

const noMessage = new Uint8Array(0);

export class GrpcJsUnaryCall extends GrpcJsCall implements UnaryCall {
  request: Uint8Array = noMessage;
  readonly #handler: UnaryHandler;

  constructor(
    wire: ServerInterceptingCallInterface,
    context: MethodContext,
    handler: UnaryHandler,
  ) {
    super(wire, context);
    this.#handler = handler;
  }

  serve(): void {
    this.begin({
      onReceiveMessage: (message: Uint8Array) => {
        this.request = message;
        this.run(() => {
          this.#handler(this);
        });
      },
      onReceiveHalfClose: () => {
        // grpc-go passes on the end of the stream as its own error.
        this.finish(grpcStatus(RpcCode.unknown, 'EOF'));
      },
    });
  }

  reply(response: Uint8Array): void {
    if (!this.open) return;
    this.context.observer?.sent(response.length);
    this.wire.sendMessage(response, () => undefined);
    this.finish(okStatus);
  }

  protected override ready(): void {
    this.wire.startRead();
  }
}

export class GrpcJsStreamCall extends GrpcJsCall implements StreamCall {
  readonly #handler: StreamHandler;
  readonly #requestStream: boolean;
  #onMessage: ((message: Uint8Array) => void) | undefined;
  #onHalfClose: (() => void) | undefined;
  #onDrain: (() => void) | undefined;
  #only: Uint8Array | undefined;
  #bufferedBytes = 0;
  #blocked = false;
  #paused = false;
  #reading = false;
  #wantsMore = false;

  constructor(
    wire: ServerInterceptingCallInterface,
    context: MethodContext,
    handler: StreamHandler,
    requestStream: boolean,
  ) {
    super(wire, context);
    this.#handler = handler;
    this.#requestStream = requestStream;
  }

  serve(): void {
    this.begin(
      this.#requestStream
        ? {
            onReceiveMessage: (message: Uint8Array) => {
              this.run(() => this.#onMessage?.(message));
              if (!this.#paused) this.#read();
            },
            onReceiveHalfClose: () => {
              this.run(() => this.#onHalfClose?.());
            },
          }
        : {
            onReceiveMessage: (message: Uint8Array) => {
              this.#takeOnly(message);
            },
            onReceiveHalfClose: () => {
              this.#serveOnly();
            },
          },
    );
  }

  protected override ready(): void {
    if (this.#requestStream) this.#start();
    if (this.open && !this.#paused) this.#read();
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  onMessage(callback: (message: Uint8Array) => void): void {
    this.#onMessage = callback;
  }

  onHalfClose(callback: () => void): void {
    this.#onHalfClose = callback;
  }

  onDrain(callback: () => void): void {
    this.#onDrain = callback;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    // Reading may find a message at once; it is delivered in a turn of our own (rule 7).
    queueMicrotask(() => {
      if (this.open && !this.#paused) this.#read();
    });
  }

  write(message: Uint8Array): boolean {
    if (!this.open) return false;
    const bytes = message.length;
    this.#bufferedBytes += bytes;
    this.context.observer?.sent(bytes);
    this.wire.sendMessage(message, () => {
      this.#bufferedBytes -= bytes;
      this.#drain();
    });
    this.#blocked ||= this.#bufferedBytes > this.context.bufferedBytesMax;
    return !this.#blocked;
  }

  end(): void {
    this.finish(okStatus);
  }

  #start(): void {
    this.run(() => {
      this.#handler(this);
    });
  }

  #drain(): void {
    // Half empty, so that a handler that refills on drain keeps the peer busy meanwhile.
    if (!this.#blocked || !this.open || this.#bufferedBytes > this.context.bufferedBytesMax / 2) {
      return;
    }
    this.#blocked = false;
    this.run(() => this.#onDrain?.());
  }

  /** Asks for the next message. It may come at once, and ask again: a loop, not recursion over a chunk full of messages. */
  #read(): void {
    this.#wantsMore = true;
    if (this.#reading) return;
    this.#reading = true;
    while (this.#wantsMore && this.open) {
      this.#wantsMore = false;
      this.wire.startRead();
    }
    this.#reading = false;
  }

  #takeOnly(message: Uint8Array): void {
    if (this.#only === undefined) {
      this.#only = message;
      this.#read();
    } else {
      const details =
        'cardinality violation: received multiple request messages for non-client-streaming RPC';
      this.finish(grpcStatus(RpcCode.internal, details));
    }
  }

  #serveOnly(): void {
    const message = this.#only;
    if (message === undefined) {
      const details =
        'cardinality violation: received no request message from non-client-streaming RPC';
      this.finish(grpcStatus(RpcCode.internal, details));
      return;
    }
    this.#only = undefined;
    this.#start();
    if (this.open) this.run(() => this.#onMessage?.(message));
    if (this.open) this.run(() => this.#onHalfClose?.());
  }
}
