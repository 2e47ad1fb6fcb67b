/** Counts of gRPC calls by service and method, under the names that etcd's dashboards query (metrics.md §3.4, §4). */
import { RpcCode } from '@kv/rpc';
import type { CallType, MethodObserver } from '@kv/rpc';
import { ValueFamily } from './exposition.js';
import type { Sample } from './exposition.js';
import type { PrometheusMetrics } from './prometheus.js';

/** Codes as Go's gRPC library names them. */
const codeNames: Readonly<Record<RpcCode, string>> = {
  [RpcCode.ok]: 'OK',
  [RpcCode.cancelled]: 'Canceled',
  [RpcCode.unknown]: 'Unknown',
  [RpcCode.invalidArgument]: 'InvalidArgument',
  [RpcCode.deadlineExceeded]: 'DeadlineExceeded',
  [RpcCode.notFound]: 'NotFound',
  [RpcCode.alreadyExists]: 'AlreadyExists',
  [RpcCode.permissionDenied]: 'PermissionDenied',
  [RpcCode.resourceExhausted]: 'ResourceExhausted',
  [RpcCode.failedPrecondition]: 'FailedPrecondition',
  [RpcCode.aborted]: 'Aborted',
  [RpcCode.outOfRange]: 'OutOfRange',
  [RpcCode.unimplemented]: 'Unimplemented',
  [RpcCode.internal]: 'Internal',
  [RpcCode.unavailable]: 'Unavailable',
  [RpcCode.dataLoss]: 'DataLoss',
  [RpcCode.unauthenticated]: 'Unauthenticated',
};

export type ObserveMethod = (service: string, method: string, type: CallType) => MethodObserver;

/** Streams whose failures are counted by themselves, under the names that etcd gives them. */
const countedStreams: Readonly<Record<string, string>> = {
  'etcdserverpb.Watch/Watch': 'watch',
  'etcdserverpb.Lease/LeaseKeepAlive': 'lease-keepalive',
};

/**
 * With these a counted stream ends because of a message that can not be taken: it is none, is too large, or is packed in a way that
 * nobody knows. Sending fails with the client only, which is no failure of the stream (etcd v3.7.1 server/etcdserver/api/v3rpc/watch.go,
 * lease.go, util.go).
 */
const receiveFailures: readonly RpcCode[] = [
  RpcCode.internal,
  RpcCode.resourceExhausted,
  RpcCode.unimplemented,
];

/** Registers the families and returns what transports ask for each of their methods; every method shows zeros from then on. */
export function grpcMetrics(metrics: PrometheusMetrics): ObserveMethod {
  const labels = ['grpc_type', 'grpc_service', 'grpc_method'];
  const family = (name: string, help: string, names: readonly string[]): ValueFamily =>
    metrics.register(new ValueFamily('counter', name, help, names));
  const started = family('grpc_server_started_total', 'Calls that began.', labels);
  const handled = family('grpc_server_handled_total', 'Calls that ended, by their status.', [
    ...labels,
    'grpc_code',
  ]);
  const received = family('grpc_server_msg_received_total', 'Request messages.', labels);
  const sent = family('grpc_server_msg_sent_total', 'Response messages.', labels);
  const bytesIn = family(
    'etcd_network_client_grpc_received_bytes_total',
    'Bytes of request messages of clients.',
    [],
  ).child();
  const bytesOut = family(
    'etcd_network_client_grpc_sent_bytes_total',
    'Bytes of response messages to clients.',
    [],
  ).child();
  const streamFailures = family(
    'etcd_network_server_stream_failures_total',
    'Streams that ended because a message of the client could not be taken.',
    ['Type', 'API'],
  );
  return (service, method, type) => {
    const api = countedStreams[`${service}/${method}`];
    const of = [type, service, method];
    const codes: Sample[] = [];
    for (const [code, name] of Object.entries(codeNames)) {
      codes[Number(code)] = handled.child(...of, name);
    }
    return new MethodCounter(
      started.child(...of),
      received.child(...of),
      sent.child(...of),
      codes,
      bytesIn,
      bytesOut,
      () => {
        if (api !== undefined) streamFailures.child('receive', api).value += 1;
      },
    );
  };
}

class MethodCounter implements MethodObserver {
  readonly #started: Sample;
  readonly #received: Sample;
  readonly #sent: Sample;
  readonly #handled: readonly Sample[];
  readonly #bytesIn: Sample;
  readonly #bytesOut: Sample;
  readonly #receiveFailed: () => void;

  constructor(
    started: Sample,
    received: Sample,
    sent: Sample,
    handled: readonly Sample[],
    bytesIn: Sample,
    bytesOut: Sample,
    receiveFailed: () => void,
  ) {
    this.#started = started;
    this.#received = received;
    this.#sent = sent;
    this.#handled = handled;
    this.#bytesIn = bytesIn;
    this.#bytesOut = bytesOut;
    this.#receiveFailed = receiveFailed;
  }

  started(): void {
    this.#started.value += 1;
  }

  received(bytes: number): void {
    this.#received.value += 1;
    this.#bytesIn.value += bytes;
  }

  sent(bytes: number): void {
    this.#sent.value += 1;
    this.#bytesOut.value += bytes;
  }

  handled(code: RpcCode): void {
    const sample = this.#handled[code];
    if (sample !== undefined) sample.value += 1;
    if (receiveFailures.includes(code)) this.#receiveFailed();
  }
}
