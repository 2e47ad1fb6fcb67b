/**
 * What happens before a handler runs, for every method alike (rpc.md §3): is this member one that serves the call, does the
 * caller insist on a leader. Calls that are refused here never reach a service.
 */
import type { Method, RpcError, Service, StreamCall, UnaryCall } from '@kv/rpc';
import type { Clock, Timer } from '../clock.js';
import type { Counter, Metrics } from '../metrics.js';
import { GuardedStream } from './guarded-stream.js';
import { rpcErrorOf } from './status.js';

/** Checks in a row without a leader after which streams that insist on one are ended. */
const LEADERLESS_CHECKS_MAX = 3;

/**
 * Once begun it needs no leader, so that losing one does not end it, whatever its caller asked for (etcd v3.7.1
 * api/v3rpc/maintenance.go looks at its context only before it sends).
 */
const SNAPSHOT_METHOD = 'etcdserverpb.Maintenance/Snapshot';

/** What a learner serves; Range only when it is serializable, which its handler sees. */
const LEARNER_METHODS: ReadonlySet<string> = new Set([
  'etcdserverpb.Maintenance/Status',
  SNAPSHOT_METHOD,
  'etcdserverpb.KV/Range',
]);

/** A Go client sends its version as text; what is not UTF-8 arrives with the mark of a byte that could not be read. */
const NOT_UTF8 = '\ufffd';

/** What is shown as a label; other texts are not, or clients could fill the memory with labels. */
const VERSION = /^\d{1,2}\.\d{1,2}$/;

export interface AdmissionParts {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly electionTimeoutMs: number;
  readonly hasLeader: () => boolean;
  readonly isLearner: () => boolean;
  /** The member stops: nothing is admitted any more. */
  readonly stopped: () => boolean;
}

export class Admission {
  readonly #parts: AdmissionParts;
  readonly #requests: Counter;
  /** Streams that end when the leader is lost, as their callers asked. */
  readonly #insisting = new Set<GuardedStream>();
  /** All streams, to be ended with the member. */
  readonly #streams = new Set<GuardedStream>();
  #timer: Timer | undefined;
  #leaderlessChecks = 0;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
    this.#requests = parts.metrics.counter(
      'etcd_server_client_requests_total',
      'Calls of clients, by kind and by the version of the API that they speak.',
      ['type', 'client_api_version'],
    );
  }

  start(): void {
    const { clock, electionTimeoutMs } = this.#parts;
    this.#timer = clock.every(electionTimeoutMs, () => {
      this.#lookForLeader();
    });
  }

  /** Ends the streams that are left. */
  close(): void {
    this.#timer?.cancel();
    for (const stream of [...this.#streams]) stream.abort(rpcErrorOf('stopped'));
  }

  /** The same service, with these checks before each of its methods. */
  guard(service: Service): Service {
    const methods: Record<string, Method> = {};
    for (const [name, method] of Object.entries(service.methods)) {
      methods[name] = this.#guardMethod(method, `${service.name}/${name}`);
    }
    return { name: service.name, methods };
  }

  #guardMethod(method: Method, fullName: string): Method {
    const learnerServes = LEARNER_METHODS.has(fullName);
    if (method.type === 'unary') {
      const { handler } = method;
      return {
        type: 'unary',
        handler: (call) => {
          const refusal = this.#refusal(call, 'unary', learnerServes);
          if (refusal === undefined) handler(call);
          else call.fail(refusal);
        },
      };
    }
    const { handler, requestStream } = method;
    return {
      type: 'stream',
      requestStream,
      handler: (call) => {
        const refusal = this.#refusal(call, 'stream', learnerServes);
        if (refusal === undefined) handler(this.#guardStream(call, fullName));
        else call.fail(refusal);
      },
    };
  }

  #refusal(
    call: UnaryCall | StreamCall,
    type: 'unary' | 'stream',
    learnerServes: boolean,
  ): RpcError | undefined {
    const { hasLeader, isLearner, stopped } = this.#parts;
    if (stopped()) return rpcErrorOf('stopped');
    if (!learnerServes && isLearner()) return rpcErrorOf('notSupportedForLearner');
    const version = call.metadata.get('client-api-version');
    this.#requests.inc(
      1,
      type,
      version !== undefined && VERSION.test(version) ? version : 'unknown',
    );
    if (version?.includes(NOT_UTF8) === true) return rpcErrorOf('invalidClientApiVersion');
    if (call.metadata.get('hasleader') === 'true' && !hasLeader()) return rpcErrorOf('noLeader');
    return undefined;
  }

  #guardStream(call: StreamCall, fullName: string): StreamCall {
    const stream = new GuardedStream(call, (ended) => {
      this.#streams.delete(ended);
      this.#insisting.delete(ended);
    });
    this.#streams.add(stream);
    const asks = call.metadata.get('hasleader') === 'true';
    if (asks && fullName !== SNAPSHOT_METHOD) this.#insisting.add(stream);
    return stream;
  }

  #lookForLeader(): void {
    this.#leaderlessChecks = this.#parts.hasLeader() ? 0 : this.#leaderlessChecks + 1;
    if (this.#leaderlessChecks < LEADERLESS_CHECKS_MAX) return;
    for (const stream of [...this.#insisting]) stream.abort(rpcErrorOf('noLeader'));
  }
}
