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
