/** The service of health: its messages and its methods. */
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthListRequest,
  HealthListResponse,
} from './gen/health/v1/health.js';
import { method } from './method.js';
import type { ServerStreamMethod, UnaryMethod } from './method.js';

export {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthCheckResponse_ServingStatus,
  HealthListRequest,
  HealthListResponse,
} from './gen/health/v1/health.js';

const name = 'grpc.health.v1.Health';

/** The methods of `grpc.health.v1.Health`. */
export const healthService: {
  /** The state now. An unknown service is an error. */
  readonly check: UnaryMethod<HealthCheckRequest, HealthCheckResponse>;
  /** The state now of every service that the server knows. */
  readonly list: UnaryMethod<HealthListRequest, HealthListResponse>;
  /** The state now, then each change. An unknown service is a state. */
  readonly watch: ServerStreamMethod<HealthCheckRequest, HealthCheckResponse>;
} = {
  check: method('unary', name, 'Check', HealthCheckRequest, HealthCheckResponse),
  list: method('unary', name, 'List', HealthListRequest, HealthListResponse),
  watch: method('serverStream', name, 'Watch', HealthCheckRequest, HealthCheckResponse),
};
