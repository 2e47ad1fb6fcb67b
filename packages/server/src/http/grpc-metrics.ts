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
  return (service, method, type) => {
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

  constructor(
    started: Sample,
    received: Sample,
    sent: Sample,
    handled: readonly Sample[],
    bytesIn: Sample,
    bytesOut: Sample,
  ) {
    this.#started = started;
    this.#received = received;
    this.#sent = sent;
    this.#handled = handled;
    this.#bytesIn = bytesIn;
    this.#bytesOut = bytesOut;
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
  }
}
