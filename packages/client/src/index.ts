/** The client library for etcd v3 and this store. */
export { Cache } from './cache/cache.js';
export { cacheOf } from './cache/open.js';
export { Client } from './client.js';
export { bytes, json, text } from './codec.js';
export { allKeys, fromKey, prefix, range } from './data.js';
export { KvError } from './errors.js';
export { del, find, get, put, when } from './operation.js';
export { Barrier, DoubleBarrier } from './recipes/barrier.js';
export { Election, Leadership } from './recipes/election.js';
export { Held } from './recipes/held.js';
export { acquireLock, Lock, tryAcquireLock } from './recipes/lock.js';
export { Job, Queue } from './recipes/queue.js';
export { Permit, Semaphore } from './recipes/semaphore.js';
export { Registration, Service } from './recipes/service.js';
export { Topic } from './recipes/topic.js';
export { wireTransport } from './transport/wire/transport.js';

export type { CacheChange, CacheOptions, CacheState } from './cache/cache.js';
export type { KeyChange } from './cache/contents.js';
export type { Access, AuthClient, AuthState, Permission, RoleClient, UserClient } from './auth.js';
export type { Clock, Timer } from './clock.js';
export type { ClusterClient, Member } from './cluster.js';
export type { Codec, Json, JsonCodec } from './codec.js';
export type { SwapResult, UpdateOptions } from './compare-and-swap.js';
export type { Bytes, KeySelector, LeaseReference } from './data.js';
export type {
  ClientErrorCode,
  ConnectionErrorCode,
  KvErrorCode,
  KvErrorOptions,
  Outcome,
} from './errors.js';
export type { KeyValue } from './key-value.js';
export type { DeleteOptions, GetOptions, KvClient, PutOptions } from './kv.js';
export type { ClientHooks, ConnectionInfo, RequestInfo, ResponseInfo, RetryInfo } from './hooks.js';
export type { Lease, LeaseClient, LeaseState } from './lease.js';
export type { LeaseSession, LeaseSessionOptions } from './lease-session.js';
export type { Alarm, KeysHash, MaintenanceClient, MemberStatus } from './maintenance.js';
export type {
  Condition,
  DeleteOperation,
  DeleteResult,
  FindOperation,
  GetOperation,
  GetResult,
  NestedOperation,
  Operation,
  Operations,
  Outcomes,
  PutOperation,
  PutResult,
  ReadOptions,
  Relation,
  RemoveOptions,
  ResultOf,
  ResultsOf,
  Transaction,
  TransactionResult,
  WriteOptions,
} from './operation.js';
export type { AuthOptions, ClientOptions, FailedAttempt } from './options.js';
export type { Range, RangeOptions, RangePage } from './range.js';
export type { CallSettings, MessageStream, RawClient, StreamSettings } from './raw.js';
export type { CampaignOptions, Leader } from './recipes/election.js';
export type { LeaseOptions } from './recipes/lease-scope.js';
export type { LockOptions } from './recipes/lock.js';
export type { AddOptions, TakeOptions } from './recipes/queue.js';
export type { HeldLease, RecipeClient } from './recipes/recipe-client.js';
export type { PermitOptions } from './recipes/semaphore.js';
export type { RegisterOptions, ServiceEndpoint } from './recipes/service.js';
export type { SubscribeOptions, TopicMessage } from './recipes/topic.js';
export type { SavedSnapshot, SnapshotOptions, SnapshotProgress } from './snapshot.js';
export type { Isolation, Stm, StmOptions, StmResult } from './stm.js';
export type { TlsOptions, Transport } from './transport/port.js';
export type { Txn } from './txn.js';
export type {
  ListBatch,
  ListThenWatchOptions,
  Watch,
  WatchBatch,
  WatchEvent,
  WatchOptions,
} from './watch.js';
export type { CacheClient } from './cache/open.js';
export type { Ambient, WaitLimits } from './wait.js';
