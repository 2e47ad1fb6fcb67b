/**
 * What one member is told when it opens: etcd's flags in camelCase with their unit last, already checked and defaulted.
 *
 * `config/` makes it from arguments, environment and file and reports every problem; from here on nobody asks whether a
 * value makes sense. What must be equal on every member of a cluster is marked *cluster-wide*.
 */

/** One member named in the initial cluster. */
export interface InitialMember {
  readonly name: string;
  /** Peer URLs as written (scheme://host:port), in the order of the flag. */
  readonly peerUrls: readonly string[];
}

/** How history is thinned by the leader on its own (semantics: "Automatic compaction"). */
export type AutoCompaction =
  | { readonly mode: 'off' }
  | { readonly mode: 'periodic'; readonly retentionMs: number }
  | { readonly mode: 'revision'; readonly retentionRevisions: number };

export interface MemberConfig {
  readonly name: string;
  /** Holds `member/snap/db`, `member/snap/*.snap` and, unless {@link walDir} says otherwise, `member/wal`. */
  readonly dataDir: string;
  /** A directory for the log outside of `dataDir`; `''` means `dataDir/member/wal`. */
  readonly walDir: string;

  /** Advertised to other members while bootstrapping; the member's id derives from them. */
  readonly initialAdvertisePeerUrls: readonly string[];
  /** Published through the log at each start. */
  readonly advertiseClientUrls: readonly string[];
  /** *Cluster-wide.* Everyone that founds the cluster, this member included. Only read when there is no log yet. */
  readonly initialCluster: readonly InitialMember[];
  /** *Cluster-wide.* Enters the ids of members and of the cluster. */
  readonly initialClusterToken: string;
  readonly initialClusterState: 'new' | 'existing';
  readonly forceNewCluster: boolean;

  /** Length of a raft tick. */
  readonly heartbeatIntervalMs: number;
  readonly electionTimeoutMs: number;
  readonly initialElectionTickAdvance: boolean;
  readonly preVote: boolean;
  readonly strictReconfigCheck: boolean;
  readonly maxLearners: number;

  /** Applied entries between two snapshots on disk. */
  readonly snapshotCount: number;
  /** Entries kept in memory below the newest snapshot, for followers that are a little behind. */
  readonly snapshotCatchupEntries: number;
  /** Segments of the log that are kept though they are no longer needed; 0 keeps all. */
  readonly maxWals: number;
  /** Snapshot files that are kept; 0 keeps all. */
  readonly maxSnapshots: number;
  /** Skips every fsync. For tests only: a crash loses what was acknowledged. */
  readonly unsafeNoFsync: boolean;

  /** Size of the store at which puts are refused; 0 means the default of 2 GiB, negative means no quota. */
  readonly quotaBackendBytes: number;
  readonly maxRequestBytes: number;
  readonly maxTxnOps: number;
  /** Bounds every proposal and every linearizable read: 5 s + 2 election timeouts in etcd. */
  readonly requestTimeoutMs: number;

  /** Streams of watchers that asked for progress get one after this long without events. */
  readonly watchProgressNotifyIntervalMs: number;
  /** Bounds how long watchers are not told of what is written after they were told; the more there are, the longer. 0: no rest. */
  readonly watchRestMsMax: number;
  /** Whether remaining times of leases go through the log, so that a new leader does not grant them anew. */
  readonly leaseCheckpoint: boolean;
  readonly leaseCheckpointIntervalMs: number;

  readonly autoCompaction: AutoCompaction;
  /** Records examined per slice of a compaction. */
  readonly compactionBatchLimit: number;
  /** Pause between two slices of a compaction. */
  readonly compactionSleepIntervalMs: number;

  /** Compares the store with those of the others before it is served, when it is not new. */
  readonly initialCorruptCheck: boolean;
  /** Time between a leader's comparisons of everything; 0: never. */
  readonly corruptCheckIntervalMs: number;
  /** Time between a leader's comparisons of hashes made at compactions; 0: never. */
  readonly compactHashCheckIntervalMs: number;

  /** A request whose apply takes longer than this is logged as a warning. */
  readonly warningApplyDurationMs: number;
  /** The same for a whole unary call. */
  readonly warningUnaryRequestDurationMs: number;
}

const MS_PER_MINUTE = 60_000;

/** etcd's defaults for one member that founds its own cluster on this machine (etcd v3.7.1 server/embed/config.go). */
export const defaultMemberConfig: MemberConfig = Object.freeze({
  name: 'default',
  dataDir: 'default.etcd',
  walDir: '',
  initialAdvertisePeerUrls: Object.freeze(['http://localhost:2380']),
  advertiseClientUrls: Object.freeze(['http://localhost:2379']),
  initialCluster: Object.freeze([
    Object.freeze({ name: 'default', peerUrls: Object.freeze(['http://localhost:2380']) }),
  ]),
  initialClusterToken: 'etcd-cluster',
  initialClusterState: 'new',
  forceNewCluster: false,
  heartbeatIntervalMs: 100,
  electionTimeoutMs: 1000,
  initialElectionTickAdvance: true,
  preVote: true,
  strictReconfigCheck: true,
  maxLearners: 1,
  snapshotCount: 10_000,
  snapshotCatchupEntries: 5000,
  maxWals: 5,
  maxSnapshots: 5,
  unsafeNoFsync: false,
  quotaBackendBytes: 0,
  maxRequestBytes: 1_572_864,
  maxTxnOps: 128,
  requestTimeoutMs: 7000,
  watchProgressNotifyIntervalMs: 10 * MS_PER_MINUTE,
  watchRestMsMax: 50,
  leaseCheckpoint: false,
  leaseCheckpointIntervalMs: 5 * MS_PER_MINUTE,
  autoCompaction: Object.freeze({ mode: 'off' }),
  compactionBatchLimit: 1000,
  compactionSleepIntervalMs: 10,
  initialCorruptCheck: false,
  corruptCheckIntervalMs: 0,
  compactHashCheckIntervalMs: 0,
  warningApplyDurationMs: 100,
  warningUnaryRequestDurationMs: 300,
});
