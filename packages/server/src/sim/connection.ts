/**
 * Calls of simulated clients: the real services of a member behind a connection that takes time, and that breaks when the process
 * ends or the link is cut. A unary call ends by an answer, by an error, or in the client's own timeout: then nobody knows.
 */
import type { BidiMethod, MethodDescriptor, UnaryMethod } from '@kv/proto';
import { RpcCode, type Metadata, type Method, type Peer, type RpcError } from '@kv/rpc';
import type { StreamCall, UnaryCall } from '@kv/rpc';
import type { Sabotage } from './sabotage.js';
import type { Machine, Process } from './machine.js';
import type { Network } from './network.js';
import type { Actor, Timeline } from './timeline.js';
import type { Trace } from './trace.js';

/** Clients stand at this place of the network: partitions may cut them off like any machine. */
export const CLIENT_SITE = 1000;

export type CallOutcome<Response> =
  | { readonly type: 'ok'; readonly response: Response }
  /** `definite`: nothing was done, and never will be (G-18). */
  | { readonly type: 'error'; readonly message: string; readonly definite: boolean }
  /** No answer: it may have been done, or may yet be. */
  | { readonly type: 'unknown'; readonly message: string };

const metadata: Metadata = { get: () => undefined, getBinary: () => undefined };
const peer: Peer = { address: 'simulated' };

const definiteCodes: ReadonlySet<number> = new Set([
  RpcCode.invalidArgument,
  RpcCode.notFound,
  RpcCode.failedPrecondition,
  RpcCode.outOfRange,
  RpcCode.permissionDenied,
  RpcCode.unauthenticated,
  RpcCode.resourceExhausted,
  RpcCode.unimplemented,
]);

export class Connections {
  readonly #timeline: Timeline;
  readonly #network: Network;
  readonly #trace: Trace;
  readonly #sabotage: Sabotage | undefined;

  constructor(timeline: Timeline, network: Network, trace: Trace, sabotage: Sabotage | undefined) {
    this.#timeline = timeline;
    this.#network = network;
    this.#trace = trace;
    this.#sabotage = sabotage;
  }

  /** Ends exactly once, within `timeoutMs`, unless the client has ended. */
  call<Request, Response>(
    client: Actor,
    machine: Machine,
    method: UnaryMethod<Request, Response>,
    request: Request,
    timeoutMs: number,
  ): Promise<CallOutcome<Response>> {
    return new Promise((resolve) => {
      let over = false;
      const end = (outcome: CallOutcome<Response>): void => {
        if (over) return;
        over = true;
        timeout.cancel();
        resolve(outcome);
      };
      const timeout = this.#timeline.after(timeoutMs, client, () => {
        end({ type: 'unknown', message: 'timeout' });
      });
      const answered = (answer: Uint8Array | RpcError): void => {
        if (this.#network.isCut(machine.index, CLIENT_SITE)) return;
        this.#timeline.after(this.#network.delayMs(), client, () => {
          this.#trace.number(this.#timeline.nowMs);
          if (answer instanceof Uint8Array) {
            this.#trace.bytes(answer);
            end({ type: 'ok', response: method.response.decode(answer) });
          } else {
            this.#trace.text(answer.message);
            end(outcomeOf(answer));
          }
        });
      };
      const { process } = machine;
      const member = process?.member;
      if (process === undefined || member === undefined) {
        this.#timeline.after(this.#network.delayMs(), client, () => {
          end({ type: 'error', message: 'connection refused', definite: true });
        });
        return;
      }
      const bytes = method.request.encode(request);
      this.#timeline.after(this.#network.delayMs(), process.actor, () => {
        if (this.#network.isCut(CLIENT_SITE, machine.index)) return;
        const handler = find(member.services, method);
        if (handler.type !== 'unary') throw new TypeError(`${method.path} is not unary`);
        const sent = this.#sabotage?.request?.(method.path, bytes) ?? bytes;
        handler.handler(new UnaryEnd(sent, process, answered));
      });
    });
  }

  /** Opens a stream; undefined when there is no process. `listener.ended` is told exactly once. */
  open<Request, Response>(
    client: Actor,
    machine: Machine,
    method: BidiMethod<Request, Response>,
    listener: StreamListener<Response>,
  ): ClientStream<Request> {
    const { process } = machine;
    const stream = new Stream(method, client, process, listener, {
      timeline: this.#timeline,
      network: this.#network,
      trace: this.#trace,
      sabotage: this.#sabotage,
      machine: machine.index,
    });
    stream.open();
    return stream;
  }
}

function outcomeOf<Response>({ code, message }: RpcError): CallOutcome<Response> {
  return definiteCodes.has(code)
    ? { type: 'error', message, definite: true }
    : { type: 'unknown', message };
}

function find(
  services: readonly {
    readonly name: string;
    readonly methods: Readonly<Record<string, Method>>;
  }[],
  method: Pick<MethodDescriptor, 'service' | 'name' | 'path'>,
): Method {
  const found = services.find(({ name }) => name === method.service)?.methods[method.name];
  if (found === undefined) throw new TypeError(`no method ${method.path}`);
  return found;
}

/** The server's end of a unary call. */
class UnaryEnd implements UnaryCall {
  readonly metadata: Metadata = metadata;
  readonly peer: Peer = peer;
  readonly deadlineMs: undefined;
  readonly cancelled: boolean = false;
  readonly request: Uint8Array;
  readonly #process: Process;
  readonly #answered: (answer: Uint8Array | RpcError) => void;
  #over = false;

  constructor(
    request: Uint8Array,
    process: Process,
    answered: (answer: Uint8Array | RpcError) => void,
  ) {
    this.request = request;
    this.#process = process;
    this.#answered = answered;
  }

  reply(response: Uint8Array): void {
    this.#end(response);
  }

  fail(error: RpcError): void {
    this.#end(error);
  }

  /** The client that gives up does not say so: what it asked for goes on. */
  onCancel(): void {
    return undefined;
  }

  #end(answer: Uint8Array | RpcError): void {
    if (this.#over || this.#process.actor.hasEnded) return;
    this.#over = true;
    this.#answered(answer);
  }
}

export interface StreamListener<Response> {
  readonly received: (response: Response) => void;
  /** The connection broke, or the server ended the stream. */
  readonly ended: (why: string) => void;
}

export interface ClientStream<Request> {
  send(request: Request): void;
  /** The client leaves. */
  cancel(): void;
}

interface StreamParts {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly trace: Trace;
  readonly sabotage: Sabotage | undefined;
  readonly machine: number;
}

/** How often a client looks whether its connection still stands. */
const PROBE_MS = 500;

/** Both ends of one stream. Messages of each direction keep their order. */
class Stream<Request, Response> implements ClientStream<Request>, StreamCall {
  readonly metadata: Metadata = metadata;
  readonly peer: Peer = peer;
  readonly deadlineMs: undefined;
  readonly bufferedBytes: number = 0;
  /** Or ended by the server: no callback is called any more. */
  cancelled = false;
  readonly #method: MethodDescriptor<Request, Response>;
  readonly #client: Actor;
  readonly #process: Process | undefined;
  readonly #listener: StreamListener<Response>;
  readonly #parts: StreamParts;
  readonly #lastMs = { toServer: 0, toClient: 0 };
  #over = false;
  #lost = false;
  #onMessage: (message: Uint8Array) => void = () => undefined;
  #onCancel: () => void = () => undefined;

  constructor(
    method: MethodDescriptor<Request, Response>,
    client: Actor,
    process: Process | undefined,
    listener: StreamListener<Response>,
    parts: StreamParts,
  ) {
    this.#method = method;
    this.#client = client;
    this.#process = process;
    this.#listener = listener;
    this.#parts = parts;
  }

  open(): void {
    this.#toServer(() => {
      const handler = find(this.#process?.member?.services ?? [], this.#method);
      if (handler.type === 'stream') handler.handler(this);
    });
    this.#probe();
  }

  // The client's end.

  send(request: Request): void {
    const bytes = this.#method.request.encode(request);
    this.#toServer(() => {
      if (!this.cancelled) this.#onMessage(bytes);
    });
  }

  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#leave();
  }

  // The server's end.

  write(message: Uint8Array): boolean {
    for (const bytes of this.#parts.sabotage?.written?.(this.#method.path, message) ?? [message]) {
      this.#toClient(() => {
        this.#parts.trace.bytes(bytes);
        this.#listener.received(this.#method.response.decode(bytes));
      });
    }
    return true;
  }

  end(): void {
    this.cancelled = true;
    this.#toClient(() => {
      this.#break('the server ended it');
    });
  }

  fail(error: RpcError): void {
    this.cancelled = true;
    this.#toClient(() => {
      this.#break(error.message);
    });
  }

  onMessage(callback: (message: Uint8Array) => void): void {
    this.#onMessage = callback;
  }

  onHalfClose(): void {
    return undefined;
  }

  onDrain(): void {
    return undefined;
  }

  onCancel(callback: () => void): void {
    this.#onCancel = callback;
  }

  pause(): void {
    return undefined;
  }

  resume(): void {
    return undefined;
  }

  // Between them.

  #isBroken(): boolean {
    const { network, machine } = this.#parts;
    if (this.#lost || this.#process?.member === undefined) return true;
    if (this.#process.actor.hasEnded) return true;
    return network.isCut(CLIENT_SITE, machine) || network.isCut(machine, CLIENT_SITE);
  }

  #probe(): void {
    this.#parts.timeline.after(PROBE_MS, this.#client, () => {
      if (this.#over) return;
      if (this.#isBroken()) this.#break('connection lost');
      else this.#probe();
    });
  }

  #break(why: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#leave();
    this.#listener.ended(why);
  }

  /** The server notices that nobody is there. */
  #leave(): void {
    const { timeline, network } = this.#parts;
    if (this.#process === undefined) return;
    timeline.after(network.delayMs(), this.#process.actor, () => {
      if (this.cancelled) return;
      this.cancelled = true;
      this.#onCancel();
    });
  }

  #toServer(run: () => void): void {
    const { timeline } = this.#parts;
    if (this.#process === undefined) return;
    timeline.at(this.#arrivalMs('toServer'), this.#process.actor, () => {
      // What does not arrive takes the connection with it: the client notices.
      if (this.#isBroken()) this.#lost = true;
      else run();
    });
  }

  #toClient(run: () => void): void {
    if (this.#over || this.#process?.actor.hasEnded === true) return;
    this.#parts.timeline.at(this.#arrivalMs('toClient'), this.#client, () => {
      if (this.#over) return;
      // What was under way when the connection broke is lost, and all that follows with it.
      if (this.#parts.network.isCut(this.#parts.machine, CLIENT_SITE)) {
        this.#break('connection lost');
      } else run();
    });
  }

  #arrivalMs(direction: 'toServer' | 'toClient'): number {
    const { timeline, network } = this.#parts;
    const atMs = Math.max(timeline.nowMs + network.delayMs(), this.#lastMs[direction]);
    this.#lastMs[direction] = atMs;
    return atMs;
  }
}
