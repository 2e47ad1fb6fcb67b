export { RpcCode, RpcError } from './errors.js';
export { Http2Transport } from './http2-transport.js';
export type { Http2TransportOptions } from './http2-transport.js';
export { defaultConnectionLimits } from './limits.js';
export type { ConnectionLimits } from './limits.js';
export type {
  Metadata,
  Method,
  Peer,
  Service,
  StreamCall,
  StreamHandler,
  UnaryCall,
  UnaryHandler,
} from './handler.js';
export { NumberTable } from './number-table.js';
export type {
  CallType,
  MethodObserver,
  Transport,
  TransportLimits,
  TransportOptions,
} from './transport.js';
