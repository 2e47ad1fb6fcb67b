/** A member on a real socket of this machine, for clients in other languages and other processes. Nothing here keeps the process alive. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Http2Transport, RpcCode, RpcError } from '@kv/rpc';
import type { Method, Service, TransportLimits, UnaryCall } from '@kv/rpc';
import { Expectations } from './clock/expectations.js';
import type { VirtualClock } from './clock/virtual-clock.js';
import { findMethod, refusalOfSize, type Door, type Inside } from './transport/door.js';

const limits: TransportLimits = Object.freeze({
  // What is too long is refused by the member's own setting, which is smaller.
  receiveMessageBytesMax: 64 * 1024 * 1024,
  concurrentStreamsMax: 1000,
  bufferedBytesPerCallMax: 64 * 1024,
  keepaliveIntervalMs: 0,
  keepaliveTimeoutMs: 20_000,
  keepaliveMinTimeMs: 0,
});

export class Loopback {
  readonly #door: Door;
  readonly #clock: VirtualClock;
  readonly #server: Server;
  readonly #transport: Http2Transport;
  readonly #sockets = new Set<Socket>();
  readonly #expectations: Expectations;
  #paused = false;

  /** Takes a free port of 127.0.0.1. `inside`: the member as it is now; it may be restarted later. */
  static async open(door: Door, inside: Inside, clock: VirtualClock): Promise<Loopback> {
    const loopback = new Loopback(door, inside, clock);
    await new Promise<void>((resolve, reject) => {
      loopback.#server.once('error', reject);
      loopback.#server.listen(0, '127.0.0.1', resolve);
    });
    loopback.#server.unref();
    return loopback;
  }

  private constructor(door: Door, inside: Inside, clock: VirtualClock) {
    this.#door = door;
    this.#clock = clock;
    this.#expectations = new Expectations(clock);
    this.#transport = new Http2Transport({
      services: inside.services.map((service) => this.#delegate(service)),
      limits,
      // The caller was told; a handler that throws is a bug, and shows in the test.
      onHandlerError: () => undefined,
    });
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#accept(socket);
    });
  }

  /** `127.0.0.1:41234`. */
  get address(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `127.0.0.1:${port}`;
  }

  wantsTime(): boolean {
    return !this.#paused && this.#expectations.wantsTime();
  }

  /** The member is gone: so are the connections to it. */
  cut(): void {
    this.#paused = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** The member hears nothing for now; the system keeps what clients send. */
  pause(): void {
    this.#paused = true;
    for (const socket of this.#sockets) socket.pause();
  }

  resume(): void {
    this.#paused = false;
    for (const socket of this.#sockets) socket.resume();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    await this.#transport.stop(0);
    this.cut();
    await closed;
  }

  #accept(socket: Socket): void {
    socket.unref();
    if (this.#door.inside === undefined) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    this.#transport.accept(socket);
    if (this.#paused) socket.pause();
  }

  /** The same service of whichever start of the member runs when a call comes. */
  #delegate({ name, methods }: Service): Service {
    const delegates: Record<string, Method> = {};
    for (const [short, method] of Object.entries(methods)) {
      delegates[short] = this.#delegateMethod(`/${name}/${short}`, method);
    }
    return { name, methods: delegates };
  }

  #delegateMethod(path: string, method: Method): Method {
    if (method.type === 'unary') {
      return {
        type: 'unary',
        handler: (call) => {
          this.#clock.noteActivity();
          const found = this.#find(path, call.request.length);
          if (found instanceof RpcError) call.fail(found);
          else if (found.type === 'unary') {
            found.handler(new ExpectedCall(call, this.#expectations.expect()));
          }
        },
      };
    }
    return {
      type: 'stream',
      requestStream: method.requestStream,
      handler: (call) => {
        this.#clock.noteActivity();
        const found = this.#find(path, 0);
        if (found instanceof RpcError) call.fail(found);
        else if (found.type === 'stream') found.handler(call);
      },
    };
  }

  #find(path: string, requestBytes: number): Method | RpcError {
    const { inside } = this.#door;
    if (inside === undefined) return new RpcError(RpcCode.unavailable, this.#door.closedBecause);
    return refusalOfSize(inside, requestBytes) ?? findMethod(inside.services, path);
  }
}

/** A call whose answer is expected: time may pass for it. */
class ExpectedCall implements UnaryCall {
  readonly #inner: UnaryCall;
  readonly #answered: () => void;
  #onCancel: () => void = () => undefined;

  constructor(inner: UnaryCall, answered: () => void) {
    this.#inner = inner;
    this.#answered = answered;
    inner.onCancel(() => {
      answered();
      this.#onCancel();
    });
  }

  get metadata(): UnaryCall['metadata'] {
    return this.#inner.metadata;
  }

  get peer(): UnaryCall['peer'] {
    return this.#inner.peer;
  }

  get deadlineMs(): number | undefined {
    return this.#inner.deadlineMs;
  }

  get request(): Uint8Array {
    return this.#inner.request;
  }

  get cancelled(): boolean {
    return this.#inner.cancelled;
  }

  reply(response: Uint8Array): void {
    this.#answered();
    this.#inner.reply(response);
  }

  fail(error: RpcError): void {
    this.#answered();
    this.#inner.fail(error);
  }

  onCancel(callback: () => void): void {
    this.#onCancel = callback;
  }
}
