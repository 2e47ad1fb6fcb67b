/**
 * From arguments, environment and file to a frozen configuration, or to every reason why there is none. Pure: the file is read
 * through a function, and what is to be logged comes back as notes.
 */
import { defaultMemberConfig } from '../member-config.js';
import type { AutoCompaction, MemberConfig } from '../member-config.js';
import { nearestFlag, parseArguments } from './arguments.js';
import { applyConfigFile } from './config-file.js';
import type { DaemonConfig, ParsedConfig } from './daemon-config.js';
import { discoveryOf } from './discovery.js';
import { applyEnvironment } from './environment.js';
import type { Environment } from './environment.js';
import { effectiveGates } from './feature-gates.js';
import { formatDuration, toMs } from './go-duration.js';
import { quote } from './go-values.js';
import { initialClusterText, parseInitialCluster } from './initial-cluster.js';
import { fallbackLogging, loggingConfig } from './logging-config.js';
import { noteDeprecations, noteIneffective } from './notes.js';
import { invalid } from './report.js';
import type { Note, Problem } from './report.js';
import { Settings } from './settings.js';
import type { EtcdUrl } from './url-list.js';
import { clientAutoTls, clientTls, peerAutoTls, peerTls } from './tls.js';
import { parseRetention, validate } from './validate.js';
import type { Derived } from './validate.js';

/** The text of a file, or the error text of the system. */
export type ReadFile = (path: string) => { readonly text: string } | { readonly error: string };

/** `words` are the arguments after the program's name. */
export function parseConfig(
  words: readonly string[],
  environment: Environment,
  readFile: ReadFile,
): ParsedConfig {
  const settings = new Settings();
  const found = parseArguments(words, settings);
  switch (found.type) {
    case 'help':
      return { type: 'help' };
    case 'error': {
      const name = /^flag provided but not defined: -(.*)$/.exec(found.text)?.[1];
      const near = name === undefined ? undefined : nearestFlag(name);
      const hint = near === undefined ? undefined : `did you mean --${near}?`;
      return { type: 'usage', text: found.text, hint };
    }
    case 'parsed':
  }
  const notes: Note[] = [];
  const problems: Problem[] = [];
  const stray = found.rest[0];
  if (stray !== undefined) {
    problems.push(invalid(`${quote(stray)} is not a valid flag`));
    return { type: 'problems', problems, notes, logging: fallbackLogging };
  }
  if (settings.isOn('version')) return { type: 'version' };

  const path = settings.text('config-file') || (environment['ETCD_CONFIG_FILE'] ?? '');
  const chosen = path === '' ? settings : fromFile(path, readFile, { notes, problems });
  if (path === '') applyEnvironment(environment, settings, notes, problems);
  return conclude(chosen, path !== '', notes, problems);
}

function fromFile(
  path: string,
  readFile: ReadFile,
  outcome: { readonly notes: Note[]; readonly problems: Problem[] },
): Settings {
  const settings = new Settings();
  const file = readFile(path);
  if ('error' in file) {
    outcome.problems.push(invalid(file.error));
    return settings;
  }
  outcome.notes.push({
    level: 'info',
    message:
      'loaded server configuration, other configuration command line flags and environment variables will be ignored if provided',
    fields: { path },
  });
  applyConfigFile(file.text, settings, outcome);
  return settings;
}

function conclude(
  settings: Settings,
  isFile: boolean,
  notes: Note[],
  problems: Problem[],
): ParsedConfig {
  const logging = loggingConfig(settings, problems);
  const derived = derive(settings, isFile);
  noteDeprecations(settings, notes);
  // A value that could not be read leaves its default, about which there is nothing to say.
  if (problems.length === 0) validate(settings, derived, { problems, notes });
  if (problems.length > 0) return { type: 'problems', problems, notes, logging };
  noteIneffective(settings, notes);
  const member = memberConfig(settings, derived, notes);
  const gates = effectiveGates(settings.gates);
  const daemon: DaemonConfig = {
    listenPeerUrls: settings.urls('listen-peer-urls'),
    listenClientUrls: settings.urls('listen-client-urls'),
    listenClientHttpUrls: settings.urls('listen-client-http-urls'),
    listenMetricsUrls: settings.urls('listen-metrics-urls'),
    clientTls: clientTls(settings),
    clientAutoTls: clientAutoTls(settings, member.dataDir),
    peerTls: peerTls(settings),
    peerAutoTls: peerAutoTls(settings, member.dataDir),
    peerClientFiles: {
      certFile: settings.text('peer-client-cert-file'),
      keyFile: settings.text('peer-client-key-file'),
    },
    corsOrigins: settings.list('cors'),
    hostWhitelist: settings.list('host-whitelist'),
    enableGrpcGateway: settings.isOn('enable-grpc-gateway'),
    socketReusePort: settings.isOn('socket-reuse-port'),
    maxConcurrentStreams: settings.count('max-concurrent-streams'),
    grpcKeepaliveMinTimeMs: toMs(settings.durationNs('grpc-keepalive-min-time')),
    grpcKeepaliveIntervalMs: toMs(settings.durationNs('grpc-keepalive-interval')),
    grpcKeepaliveTimeoutMs: toMs(settings.durationNs('grpc-keepalive-timeout')),
    logging,
    featureGates: new Map(settings.gates),
    effectiveGates: gates,
    discovery: discoveryOf(settings),
    initialClusterText: derived.initialCluster,
    dataDirDefaulted: settings.text('data-dir') === '',
  };
  return { type: 'run', member, daemon: Object.freeze(daemon), notes };
}

/** Settings that default to something computed from others (daemon.md §5, §6, §10.2). */
function derive(settings: Settings, isFile: boolean): Derived {
  const listenGiven = settings.given('listen-client-urls');
  const advertiseGiven = settings.given('advertise-client-urls');
  const advertiseClientUrls: readonly EtcdUrl[] =
    listenGiven && !advertiseGiven && !isFile ? [] : settings.urls('advertise-client-urls');
  const name = settings.text('name');
  const given = settings.given('initial-cluster');
  const discovering =
    settings.text('discovery-srv') !== '' ||
    settings.list('discovery-endpoints').length > 0 ||
    (!isFile && settings.text('discovery-srv-name') !== '');
  const peerUrls = settings.urls('initial-advertise-peer-urls').map((url) => url.text);
  const untouched = settings.text('initial-cluster');
  // Only a changed name makes etcd compute it; changed addresses with the default name do not.
  const computed = name === 'default' ? untouched : initialClusterText(name, peerUrls);
  return {
    fromFile: isFile,
    advertiseClientUrls,
    initialCluster: given ? untouched : discovering ? '' : computed,
    initialClusterDefaulted: !given,
  };
}

const PROGRESS_INTERVAL_NS_MIN = 100_000_000n;
const PROGRESS_INTERVAL_NS_DEFAULT = 600_000_000_000n;
const REQUEST_BYTES_RECOMMENDED = 10 * 1024 * 1024;

function memberConfig(settings: Settings, derived: Derived, notes: Note[]): MemberConfig {
  const name = settings.text('name');
  const electionTimeoutMs = settings.count('election-timeout');
  const members = parseInitialCluster(derived.initialCluster);
  const maxRequestBytes = settings.count('max-request-bytes');
  if (maxRequestBytes > REQUEST_BYTES_RECOMMENDED) {
    notes.push({
      level: 'warn',
      message: 'exceeded recommended request limit',
      fields: {
        'max-request-bytes': maxRequestBytes,
        'recommended-request-bytes': REQUEST_BYTES_RECOMMENDED,
      },
    });
  }
  const gates = effectiveGates(settings.gates);
  const config: MemberConfig = {
    name,
    dataDir: settings.text('data-dir') || `${name}.etcd`,
    walDir: settings.text('wal-dir'),
    initialAdvertisePeerUrls: settings.urls('initial-advertise-peer-urls').map((url) => url.text),
    advertiseClientUrls: derived.advertiseClientUrls.map((url) => url.text),
    initialCluster: members.ok ? members.value : [],
    initialClusterToken: settings.text('initial-cluster-token'),
    initialClusterState: settings.text('initial-cluster-state') === 'existing' ? 'existing' : 'new',
    forceNewCluster: settings.isOn('force-new-cluster'),
    heartbeatIntervalMs: settings.count('heartbeat-interval'),
    electionTimeoutMs,
    initialElectionTickAdvance: settings.isOn('initial-election-tick-advance'),
    preVote: settings.isOn('pre-vote'),
    strictReconfigCheck: settings.isOn('strict-reconfig-check'),
    maxLearners: settings.count('max-learners'),
    snapshotCount: orDefault(settings, 'snapshot-count', 10_000, notes),
    snapshotCatchupEntries: orDefault(settings, 'snapshot-catchup-entries', 5000, notes),
    maxWals: settings.count('max-wals'),
    maxSnapshots: settings.count('max-snapshots'),
    unsafeNoFsync: settings.isOn('unsafe-no-fsync'),
    quotaBackendBytes: settings.count('quota-backend-bytes'),
    maxRequestBytes,
    maxTxnOps: settings.count('max-txn-ops'),
    requestTimeoutMs: 5000 + 2 * electionTimeoutMs,
    watchProgressNotifyIntervalMs: progressIntervalMs(settings, notes),
    watchRestMsMax: defaultMemberConfig.watchRestMsMax,
    leaseCheckpoint: gates.get('LeaseCheckpoint') === true,
    leaseCheckpointIntervalMs: 5 * 60_000,
    autoCompaction: autoCompaction(settings),
    compactionBatchLimit: settings.count('compaction-batch-limit') || 1000,
    compactionSleepIntervalMs: toMs(settings.durationNs('compaction-sleep-interval')) || 10,
    initialCorruptCheck: gates.get('InitialCorruptCheck') === true,
    corruptCheckIntervalMs: toMs(settings.durationNs('corrupt-check-time')),
    compactHashCheckIntervalMs:
      gates.get('CompactHashCheck') === true
        ? toMs(settings.durationNs('compact-hash-check-time'))
        : 0,
    warningApplyDurationMs: toMs(settings.durationNs('warning-apply-duration')),
    warningUnaryRequestDurationMs:
      toMs(settings.durationNs('warning-unary-request-duration')) || 300,
  };
  return Object.freeze(config);
}

function orDefault(
  settings: Settings,
  name: 'snapshot-count' | 'snapshot-catchup-entries',
  otherwise: number,
  notes: Note[],
): number {
  const value = settings.count(name);
  if (value > 0) return value;
  notes.push({
    level: 'info',
    message: `reset ${name} to its default`,
    fields: { 'given-value': value, 'updated-value': otherwise },
  });
  return otherwise;
}

function progressIntervalMs(settings: Settings, notes: Note[]): number {
  const given = settings.durationNs('watch-progress-notify-interval');
  if (given <= 0n) return toMs(PROGRESS_INTERVAL_NS_DEFAULT);
  if (given >= PROGRESS_INTERVAL_NS_MIN) return toMs(given);
  notes.push({
    level: 'warn',
    message: 'watch progress notify interval is too small; using the minimum',
    fields: {
      'given-value': formatDuration(given),
      'updated-value': formatDuration(PROGRESS_INTERVAL_NS_MIN),
    },
  });
  return toMs(PROGRESS_INTERVAL_NS_MIN);
}

function autoCompaction(settings: Settings): AutoCompaction {
  const mode = settings.text('auto-compaction-mode');
  const retention = parseRetention(mode, settings.text('auto-compaction-retention'));
  if (!retention.ok || retention.value === 0n) return { mode: 'off' };
  return mode === 'revision'
    ? { mode, retentionRevisions: Number(retention.value) }
    : { mode: 'periodic', retentionMs: toMs(retention.value) };
}
