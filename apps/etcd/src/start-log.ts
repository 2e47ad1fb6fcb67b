/** The line that lists the effective configuration, under etcd's names. */
import { goArchOf, goPlatformOf, SERVER_VERSION } from '@kv/server';
import type { DaemonConfig, LogFields, MemberConfig } from '@kv/server';
import type { DataDirState } from './data-dir.js';

const DEFAULT_QUOTA_BYTES = 2 * 1024 ** 3;

const duration = (ms: number): string =>
  ms % 1000 === 0 ? `${(ms / 1000).toString()}s` : `${ms.toString()}ms`;

export function describeStart(
  member: MemberConfig,
  daemon: DaemonConfig,
  state: DataDirState,
): LogFields {
  const urls = (list: DaemonConfig['listenPeerUrls']): readonly string[] =>
    list.map((url) => url.text);
  const gates = Array.from(daemon.featureGates, ([name, on]) => `${name}=${String(on)}`);
  return {
    'etcd-version': SERVER_VERSION,
    'git-sha': 'Not provided (use ./build instead of go build)',
    'go-version': `node${process.versions.node}`,
    'go-os': goPlatformOf(process.platform),
    'go-arch': goArchOf(process.arch),
    'member-initialized': state.hasLog,
    name: member.name,
    'data-dir': member.dataDir,
    'wal-dir': member.walDir,
    'force-new-cluster': member.forceNewCluster,
    'heartbeat-interval': duration(member.heartbeatIntervalMs),
    'election-timeout': duration(member.electionTimeoutMs),
    'initial-election-tick-advance': member.initialElectionTickAdvance,
    'snapshot-count': member.snapshotCount,
    'max-wals': member.maxWals,
    'max-snapshots': member.maxSnapshots,
    'snapshot-catchup-entries': member.snapshotCatchupEntries,
    'initial-advertise-peer-urls': member.initialAdvertisePeerUrls,
    'listen-peer-urls': urls(daemon.listenPeerUrls),
    'advertise-client-urls': member.advertiseClientUrls,
    'listen-client-urls': urls(daemon.listenClientUrls),
    'listen-metrics-urls': urls(daemon.listenMetricsUrls),
    cors: daemon.corsOrigins,
    'host-whitelist': daemon.hostWhitelist,
    'initial-cluster': state.hasLog ? '' : daemon.initialClusterText,
    'initial-cluster-state': member.initialClusterState,
    'initial-cluster-token': state.hasLog ? '' : member.initialClusterToken,
    'quota-backend-bytes':
      member.quotaBackendBytes === 0 ? DEFAULT_QUOTA_BYTES : member.quotaBackendBytes,
    'max-request-bytes': member.maxRequestBytes,
    'max-concurrent-streams': daemon.maxConcurrentStreams,
    'pre-vote': member.preVote,
    'feature-gates': gates.sort().join(','),
    'auto-compaction-mode': member.autoCompaction.mode,
    'max-learners': member.maxLearners,
  };
}
