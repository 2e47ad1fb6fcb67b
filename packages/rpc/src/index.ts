export { RpcCode, RpcError } from './errors.js';
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
export type {
  CallType,
  MethodObserver,
  Transport,
  TransportLimits,
  TransportOptions,
} from './transport.js';
