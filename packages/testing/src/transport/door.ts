/** Where clients reach one member: open while it runs. Whoever is inside when it closes is told so. */
import { RpcCode, RpcError, type Method, type Service } from '@kv/rpc';
import { StatusError } from '@kv/client/transport';
import type { ProcessClock } from '../clock/process-clock.js';

/** gRPC's share of a message beside the request in it, as the daemon allows it. */
const GRPC_OVERHEAD_BYTES = 512 * 1024;

/** A running member, as its clients see it. */
export interface Inside {
  readonly process: ProcessClock;
  readonly services: readonly Service[];
  /** Longer requests are refused before a service sees them. */
  readonly maxRequestBytes: number;
}

/** Hears that the door was closed on a call. */
export type CutListener = (error: StatusError) => void;

export class Door {
  /** `host:port`, as clients write it. */
  readonly endpoint: string;
  readonly name: string;
  #inside: Inside | undefined;
  #why = 'it was not started yet';
  readonly #calls = new Set<CutListener>();
  readonly #watchers = new Set<() => void>();

  constructor(name: string, endpoint: string) {
    this.name = name;
    this.endpoint = endpoint;
  }

  get inside(): Inside | undefined {
    return this.#inside;
  }

  /** Why nobody gets in. */
  get closedBecause(): string {
    return `connection refused by ${this.endpoint}: ${this.#why}`;
  }

  /** Calls that are inside. */
  get callCount(): number {
    return this.#calls.size;
  }

  open(inside: Inside): void {
    this.#inside = inside;
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** Every call inside hears `error`. */
  close(why: string, error: StatusError): void {
    this.#inside = undefined;
    this.#why = why;
    const calls = [...this.#calls];
    this.#calls.clear();
    for (const cut of calls) cut(error);
  }

  /** Returns what takes the call out again. */
  enter(call: CutListener): () => void {
    this.#calls.add(call);
    return () => {
      this.#calls.delete(call);
    };
  }

  /** Calls back each time the door opens. Returns what ends that. */
  watch(opened: () => void): () => void {
    this.#watchers.add(opened);
    return () => {
      this.#watchers.delete(opened);
    };
  }
}

/** The error of calls whose member died. */
export function connectionLost(name: string): StatusError {
  return new StatusError(
    RpcCode.unavailable,
    `the connection to ${name} broke: the member is gone`,
  );
}

/** The method of a path (`/etcdserverpb.KV/Put`), or how a server refuses it that has none. */
export function findMethod(services: readonly Service[], path: string): Method | RpcError {
  const [, serviceName = '', name = ''] = path.split('/');
  const service = services.find((candidate) => candidate.name === serviceName);
  if (service === undefined) {
    return new RpcError(RpcCode.unimplemented, `unknown service ${serviceName}`);
  }
  const method = service.methods[name];
  if (method !== undefined) return method;
  const text = `unknown method ${name} for service ${serviceName}`;
  return new RpcError(RpcCode.unimplemented, text);
}

/** How a server refuses a request of this length; undefined when it takes it. */
export function refusalOfSize(inside: Inside, bytes: number): RpcError | undefined {
  const bytesMax = inside.maxRequestBytes + GRPC_OVERHEAD_BYTES;
  if (bytes <= bytesMax) return undefined;
  const text = `grpc: received message larger than max (${bytes} vs. ${bytesMax})`;
  return new RpcError(RpcCode.resourceExhausted, text);
}

/** Runs a handler as a transport does: what it throws is an answer. */
export function runHandler(handle: () => void, fail: (error: RpcError) => void): void {
  try {
    handle();
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    fail(new RpcError(RpcCode.internal, text, { cause }));
  }
}
