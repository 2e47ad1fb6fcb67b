/** grpc-js as the transport, an entry of its own: loading grpc-js takes longer than many programs run. */
export { grpcJsTransport } from './transport/grpc-js.js';
