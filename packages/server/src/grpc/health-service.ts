/** `grpc.health.v1.Health` (rpc.md §13): only the empty name is known, and it serves for as long as the process does. */
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthCheckResponse_ServingStatus as ServingStatus,
  HealthListRequest,
  HealthListResponse,
} from '@kv/proto';
import type { Service, StreamCall, UnaryCall } from '@kv/rpc';
import { readRequest } from './request-bytes.js';
import { rpcErrorOf } from './status.js';

const SERVING = { status: ServingStatus.SERVING } as const;
const WHOLE_SERVER = '';

function check(call: UnaryCall): void {
  const request = readRequest(call, () => HealthCheckRequest.decode(call.request));
  if (request === undefined) return;
  if (request.service === WHOLE_SERVER) call.reply(HealthCheckResponse.encode(SERVING).finish());
  else call.fail(rpcErrorOf('unknownHealthService'));
}

function list(call: UnaryCall): void {
  if (readRequest(call, () => HealthListRequest.decode(call.request)) === undefined) return;
  const statuses = new Map([[WHOLE_SERVER, SERVING]]);
  call.reply(HealthListResponse.encode({ statuses }).finish());
}

/** Says the status once. It does not change, so the stream then stays open and silent. */
function watch(call: StreamCall): void {
  call.onMessage((message) => {
    const request = readRequest(call, () => HealthCheckRequest.decode(message));
    if (request === undefined) return;
    const status =
      request.service === WHOLE_SERVER ? ServingStatus.SERVING : ServingStatus.SERVICE_UNKNOWN;
    call.write(HealthCheckResponse.encode({ status }).finish());
  });
}

export const healthService: Service = {
  name: 'grpc.health.v1.Health',
  methods: {
    Check: { type: 'unary', handler: check },
    List: { type: 'unary', handler: list },
    Watch: { type: 'stream', requestStream: false, handler: watch },
  },
};
