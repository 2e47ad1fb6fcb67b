/** What a member takes from outside and what it shows: all that a daemon or a test sees of it. */
import type { Backend, RequestResult } from '@kv/mvcc';
import type { Entry } from '@kv/raft';
import type { Service } from '@kv/rpc';
import type { FileSystem } from '@kv/wal';
import type { Alarm } from './apply/command.js';
import type { Clock } from './clock.js';
import type { BootstrapNetwork } from './cluster/bootstrap-network.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';
import type { PeerApi } from './peer/cluster-routes.js';
import type { PeerTransport } from './peer/transport.js';
import type { Random } from './random.js';

/** What a member takes from outside. Everything has a default that is right for a process of its own. */
export interface MemberPorts {
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
  readonly random?: Random;
  /** The disk of the log and of snapshot files. */
  readonly fileSystem?: FileSystem;
  /** Size of the log's segments; etcd's 64 MB by default. */
  readonly walSegmentBytes?: number;
  /** Batches that share a commit of the store; 64 by default. */
  readonly commitBatchesMax?: number;
  /** Opens the database at this path; refuses when another process has it. Default: SQLite. */
  readonly openBackend?: (path: string) => Backend | Promise<Backend>;
  /** Opens the copy of a store of another member at this path, beside the open store. Default: SQLite. */
  readonly openImage?: (path: string) => Backend | Promise<Backend>;
  readonly peers?: PeerTransport;
  /** Asked by a member that does not take part yet. Nobody is reached by default. */
  readonly bootstrap?: BootstrapNetwork;
  readonly witness?: Witness;
}

/** Sees what is applied, before anybody is answered. Must not throw, and changes nothing: for the simulator and for audits. */
export interface Witness {
  /** `entries` follow each other, and may begin with some that had been applied before; `changes` are what the others did. */
  applied(entries: readonly Entry[], changes: readonly RequestResult[]): void;
}

/** Looks away. */
export const noWitness: Witness = Object.freeze({ applied: () => undefined });

/** What `/health`, `/readyz` and `/version` ask; cheap, and never older than this turn. */
export interface MemberView {
  readonly memberId: bigint;
  readonly clusterId: bigint;
  /** 0n when no leader is known. */
  readonly leaderId: bigint;
  readonly isLearner: boolean;
  /** Active alarms, of any member. */
  readonly alarms: readonly Alarm[];
  /** `3.7.0`; undefined until the cluster has decided. */
  readonly clusterVersion: string | undefined;
  /** `3.7.0`; undefined until the store has one. */
  readonly storageVersion: string | undefined;
}

/**
 * A running member. `Member.open(config, ports?)` resolves when the log has been replayed and the services may be
 * listened on; calls before `ready` wait inside. `Member.load(config, ports?)` is its first half: until `start` the member answers
 * other members what is on its disk (`peerApi`), and takes no part in anything.
 */
export interface MemberHandle extends AsyncDisposable {
  /** All gRPC services, free of any transport. */
  readonly services: readonly Service[];
  /** What other members may ask, free of any transport. */
  readonly peerApi: PeerApi;
  /** Resolves when this member has applied its own publication, which proves a leader and a quorum. */
  readonly ready: Promise<void>;
  /** Resolves (it never rejects) with what went wrong when the member can not go on: answer nothing more, and exit. */
  readonly failed: Promise<Error>;
  view(): MemberView;
  /** Resolves when a linearizable read would be served now; rejects with an `RpcError` as such a read would fail. */
  linearizableRead(signal: AbortSignal): Promise<void>;
  /**
   * For a member that was only loaded: compares its store with those of the others, if so configured, and then takes part. Rejects
   * with everything closed: MemberError `damaged_data` when its store differs from another one, or `removed`.
   */
  start(): Promise<void>;
  /** A leader moves leadership to another voter, so that a stop costs no election. Resolves when it has, or time is up. */
  handOver(timeoutMs: number): Promise<void>;
  /** Ends calls that wait inside with `server stopped`, then closes log and store. Idempotent. */
  close(): Promise<void>;
}
