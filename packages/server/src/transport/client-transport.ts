/** The transport that clients meet, made for a member's services: ours, or grpc-js for comparison. */
import { Http2Transport } from '@kv/rpc';
import type { Service, Transport, TransportOptions } from '@kv/rpc';
import type { DaemonConfig } from '../config/daemon-config.js';
import type { Logger } from '../logger.js';
import type { ObserveMethod } from '../http/grpc-metrics.js';
import { grpcJsTransport } from './grpc-js.js';

/** What a message may be longer than the largest request: keys of an answer, headers (errors.md §8.1). */
const GRPC_OVERHEAD_BYTES = 512 * 1024;
/** `write` says "wait" above this; two of the largest frames that clients ask for. */
const BUFFERED_BYTES_PER_CALL_MAX = 64 * 1024;

export interface ClientTransportOptions {
  readonly kind: 'http2' | 'grpc-js';
  readonly services: readonly Service[];
  readonly maxRequestBytes: number;
  readonly daemon: Pick<
    DaemonConfig,
    | 'maxConcurrentStreams'
    | 'grpcKeepaliveIntervalMs'
    | 'grpcKeepaliveTimeoutMs'
    | 'grpcKeepaliveMinTimeMs'
  >;
  readonly observe: ObserveMethod;
  readonly logger: Logger;
}

export function clientTransport(options: ClientTransportOptions): Transport {
  const { kind, services, daemon, observe, logger } = options;
  const both = daemon.grpcKeepaliveIntervalMs > 0 && daemon.grpcKeepaliveTimeoutMs > 0;
  const common: TransportOptions = {
    services,
    limits: {
      receiveMessageBytesMax: options.maxRequestBytes + GRPC_OVERHEAD_BYTES,
      concurrentStreamsMax: daemon.maxConcurrentStreams,
      bufferedBytesPerCallMax: BUFFERED_BYTES_PER_CALL_MAX,
      // etcd pings only when both are set.
      keepaliveIntervalMs: both ? daemon.grpcKeepaliveIntervalMs : 0,
      keepaliveTimeoutMs: daemon.grpcKeepaliveTimeoutMs,
      keepaliveMinTimeMs: daemon.grpcKeepaliveMinTimeMs,
    },
    observe,
    onHandlerError(path, error) {
      logger.log('error', 'a handler failed', {
        method: path,
        error: error instanceof Error ? error : String(error),
        where: error instanceof Error ? error.stack : undefined,
      });
    },
  };
  if (kind === 'grpc-js') return grpcJsTransport(common);
  return new Http2Transport({
    ...common,
    onConnectionError(peer, message) {
      logger.log('warn', 'rejected connection on client endpoint', {
        'remote-addr': peer.address,
        error: message,
      });
    },
  });
}
