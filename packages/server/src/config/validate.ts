/** What must hold between settings, in the order and with the texts of etcd (daemon.md §9), all problems at once. */
import { isIP } from 'node:net';
import { formatDuration, parseDuration } from './go-duration.js';
import { effectiveGates } from './feature-gates.js';
import { quote } from './go-values.js';
import { parseInitialCluster } from './initial-cluster.js';
import { invalid } from './report.js';
import type { Note, Problem } from './report.js';
import type { Settings } from './settings.js';
import { checkTls } from './tls.js';
import type { EtcdUrl } from './url-list.js';

/** What several rules need besides the settings. */
export interface Derived {
  readonly fromFile: boolean;
  readonly advertiseClientUrls: readonly EtcdUrl[];
  readonly initialCluster: string;
  /** Whether `initialCluster` was computed, not chosen. */
  readonly initialClusterDefaulted: boolean;
}

interface Findings {
  readonly problems: Problem[];
  readonly notes: Note[];
}

const ELECTION_TIMEOUT_MS_MAX = 50_000n;
const HEARTBEATS_PER_ELECTION_MIN = 5n;
const SAMPLES_PER_MILLION_MAX = 1_000_000n;

/** Checks everything; what comes back is added to `findings`, the first problem being etcd's. */
export function validate(settings: Settings, derived: Derived, findings: Findings): void {
  checkUrls(settings, derived, findings);
  checkBootstrapChoice(settings, derived, findings.problems);
  checkTimes(settings, findings.problems);
  checkAdvertised(settings, derived, findings.problems);
  checkCompaction(settings, findings.problems);
  checkTracing(settings, findings.problems);
  checkGates(settings, findings);
  checkName(settings, findings);
  checkTls(settings, findings.problems);
}

const listed = (urls: readonly EtcdUrl[]): string => urls.map((url) => url.text).join(',');
const isSocket = (url: EtcdUrl): boolean => url.scheme === 'unix' || url.scheme === 'unixs';

function checkUrls(settings: Settings, derived: Derived, { problems, notes }: Findings): void {
  const httpUrls = settings.urls('listen-client-http-urls');
  for (const name of [
    'listen-peer-urls',
    'listen-client-urls',
    'listen-client-http-urls',
    'listen-metrics-urls',
  ] as const) {
    for (const url of settings.urls(name)) {
      if (isSocket(url) || url.host === 'localhost' || isIP(url.host) !== 0) continue;
      problems.push(invalid(`expected IP in URL for binding (${url.text})`));
    }
  }
  if (httpUrls.length === 0) {
    notes.push({
      level: 'warn',
      message:
        'Running http and grpc server on single port. This is not recommended for production.',
    });
  }
  const peers = settings.urls('initial-advertise-peer-urls');
  for (const url of peers.filter((candidate) => candidate.host === '')) {
    const what = `--initial-advertise-peer-urls ${quote(listed(peers))} must be "host:port"`;
    problems.push(invalid(`${what} (unexpected empty host (${url.text}))`));
  }
  const clients = derived.advertiseClientUrls;
  for (const url of clients.filter((candidate) => candidate.host === '' && !isSocket(candidate))) {
    const form = '"host:port", "unix:/path/to/socket" or "unixs:/path/to/socket"';
    const what = `--advertise-client-urls ${quote(listed(clients))} must be in the format ${form}`;
    problems.push(invalid(`${what} (unexpected empty host (${url.text}))`));
  }
  for (const url of settings.urls('listen-client-urls')) {
    if (httpUrls.some((other) => other.text === url.text)) {
      const flags = '--listen-client-urls and --listen-client-http-urls';
      problems.push(invalid(`cannot bind both ${flags} on the same url ${url.text}`));
    }
  }
}

function checkBootstrapChoice(settings: Settings, derived: Derived, problems: Problem[]): void {
  const state = settings.text('initial-cluster-state');
  if (state !== 'new' && state !== 'existing') {
    problems.push(invalid(`unexpected clusterState ${quote(state)}`));
  }
  const endpoints = settings.list('discovery-endpoints');
  const token = settings.text('discovery-token');
  const ways = [
    derived.initialCluster !== '' && !derived.initialClusterDefaulted,
    settings.text('discovery-srv') !== '',
    endpoints.length > 0,
  ].filter(Boolean).length;
  if (ways > 1) {
    problems.push(
      invalid(
        'multiple discovery or bootstrap flags are set. Choose one of "initial-cluster", "discovery-endpoints" or "discovery-srv"',
      ),
    );
  }
  if ((token === '') !== (endpoints.length === 0)) {
    problems.push(invalid('both --discovery-token and --discovery-endpoints must be set'));
  }
  if (endpoints.includes('')) {
    problems.push(invalid('--discovery-endpoints must not contain empty endpoints'));
  }
  if (settings.text('discovery-fallback') === 'proxy') {
    problems.push(
      invalid('v2 proxy is deprecated, and --discovery-fallback can\'t be configured as "proxy"'),
    );
  }
  const members = parseInitialCluster(derived.initialCluster);
  if (!members.ok) problems.push(invalid(`error setting up initial cluster: ${members.reason}`));
}

function checkTimes(settings: Settings, problems: Problem[]): void {
  const heartbeat = settings.integer('heartbeat-interval');
  const election = settings.integer('election-timeout');
  const [h, e] = [heartbeat.toString(), election.toString()];
  if (heartbeat === 0n) problems.push(invalid('--heartbeat-interval must be >0 (set to 0ms)'));
  if (election === 0n) problems.push(invalid('--election-timeout must be >0 (set to 0ms)'));
  if (heartbeat > 0n && election > 0n && election < HEARTBEATS_PER_ELECTION_MIN * heartbeat) {
    problems.push(
      invalid(
        `--election-timeout[${e}ms] should be at least as 5 times as --heartbeat-interval[${h}ms]`,
      ),
    );
  }
  if (election > ELECTION_TIMEOUT_MS_MAX) {
    problems.push(
      invalid(`--election-timeout[${e}ms] is too long, and should be set less than 50000ms`),
    );
  }
}

function checkAdvertised(settings: Settings, derived: Derived, problems: Problem[]): void {
  if (settings.urls('listen-client-urls').length > 0 && derived.advertiseClientUrls.length === 0) {
    problems.push(
      invalid('--advertise-client-urls is required when --listen-client-urls is set explicitly'),
    );
  }
}

/** Nanoseconds, revisions, or why the retention is neither. A bare number counts hours, or revisions. */
export function parseRetention(
  mode: string,
  text: string,
): { readonly ok: true; readonly value: bigint } | { readonly ok: false; readonly reason: string } {
  if (/^\+?\d+$/.test(text)) {
    const count = BigInt(text);
    if (count < 2n ** 63n) {
      return { ok: true, value: mode === 'revision' ? count : count * 3_600_000_000_000n };
    }
  }
  const duration = parseDuration(text);
  if (!duration.ok) return duration;
  if (mode === 'revision' && duration.value !== 0n) {
    // etcd takes the nanoseconds for revisions, which keeps history for ever.
    return {
      ok: false,
      reason: `a number of revisions is expected, not the duration ${quote(text)}`,
    };
  }
  if (duration.value < 0n) return { ok: false, reason: `negative retention ${quote(text)}` };
  return duration;
}

function checkCompaction(settings: Settings, problems: Problem[]): void {
  const mode = settings.text('auto-compaction-mode');
  if (mode === '') {
    problems.push(invalid('undefined auto-compaction-mode'));
  } else if (mode !== 'periodic' && mode !== 'revision') {
    problems.push(invalid(`unknown auto-compaction-mode ${quote(mode)}`));
  }
  const retention = parseRetention(mode, settings.text('auto-compaction-retention'));
  if (!retention.ok) {
    problems.push(invalid(`error parsing CompactionRetention: ${retention.reason}`));
  }
}

function checkTracing(settings: Settings, problems: Problem[]): void {
  if (!settings.isOn('enable-distributed-tracing')) return;
  const rate = settings.integer('distributed-tracing-sampling-rate');
  const why =
    rate < 0n
      ? 'tracing sampling rate must be positive'
      : rate > SAMPLES_PER_MILLION_MAX
        ? 'tracing sampling rate must be less than 1000000'
        : undefined;
  if (why !== undefined) {
    problems.push(invalid(`distributed tracing configurition is not valid: (${why})`));
  }
}

function checkGates(settings: Settings, { problems, notes }: Findings): void {
  const gates = effectiveGates(settings.gates);
  const checkpoint = gates.get('LeaseCheckpoint') === true;
  const persist = gates.get('LeaseCheckpointPersist') === true;
  if (checkpoint && !persist) {
    notes.push({
      level: 'warn',
      message:
        'Detected that checkpointing is enabled without persistence. Consider enabling feature gate LeaseCheckpointPersist',
    });
  }
  if (persist && !checkpoint) {
    problems.push(
      invalid(
        'enabling feature gate LeaseCheckpointPersist requires enabling feature gate LeaseCheckpoint',
      ),
    );
  }
  const hashCheck = settings.durationNs('compact-hash-check-time');
  if (hashCheck <= 0n) {
    const value = formatDuration(hashCheck);
    problems.push(invalid(`--compact-hash-check-time must be >0 (set to ${value})`));
  }
}

function checkName(settings: Settings, { problems, notes }: Findings): void {
  const name = settings.text('name');
  if (name === 'default') {
    notes.push({
      level: 'warn',
      message:
        "it isn't recommended to use default name, please set a value for --name. Note that etcd might run into issue when multiple members have the same default name",
      fields: { name },
    });
  }
  if (name === '') problems.push(invalid('--name must not be empty'));
  if (name.includes('=') || name.includes(',')) {
    problems.push(
      invalid(`--name ${quote(name)} must not contain "=" or ",", which --initial-cluster needs`),
    );
  }
}
