/** The lower half of the client, for tools that speak in messages of the wire and must start fast. Loads no conveniences and no grpc-js. */
export { KvError } from './errors.js';
export { RawClient } from './raw.js';
export { StatusError } from './transport/status-error.js';
export { wireTransport } from './transport/wire/transport.js';

export type { KvErrorCode, Outcome } from './errors.js';
export type { ClientOptions, FailedAttempt } from './options.js';
export type { CallSettings, MessageStream, StreamSettings } from './raw.js';
export type { TlsOptions, Transport } from './transport/port.js';
