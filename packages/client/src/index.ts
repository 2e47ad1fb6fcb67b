/** The client library for etcd v3 and this store. */
export { Client } from './client.js';
export { KvError } from './errors.js';
export { wireTransport } from './transport/wire/transport.js';

export type { ClusterClient, Member } from './cluster.js';
export type { Bytes, KeySelector, KeyValue } from './data.js';
export type { ClientErrorCode, KvErrorCode, Outcome } from './errors.js';
export type {
  Condition,
  DeleteOptions,
  DeleteResult,
  GetOptions,
  GetResult,
  KvClient,
  Operation,
  OperationResult,
  PutOptions,
  PutResult,
  Transaction,
  TransactionResult,
} from './kv.js';
export type { Lease, LeaseClient, LeaseState } from './lease.js';
export type { Alarm, MaintenanceClient, MemberStatus } from './maintenance.js';
export type { AuthOptions, ClientOptions, FailedAttempt } from './options.js';
export type { CallSettings, MessageStream, RawClient, StreamSettings } from './raw.js';
export type { TlsOptions, Transport } from './transport/port.js';
export type { WatchBatch, WatchEvent, WatchOptions } from './watch.js';
