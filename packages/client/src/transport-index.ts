/** The port by which a client reaches members, for whoever brings another transport (`@kv/testing` has one inside the process). */
export { PulledStream } from './transport/pulled-stream.js';
export { StatusError } from './transport/status-error.js';

export type {
  CallOptions,
  Channel,
  ChannelOptions,
  ChannelState,
  Endpoint,
  StreamCall,
  TcpAddress,
  TlsOptions,
  Transport,
  UnixAddress,
} from './transport/port.js';
export type { StreamControl } from './transport/pulled-stream.js';
export type { StatusErrorOptions } from './transport/status-error.js';
