/** Flags of operating a member: what it shows, what it checks, what it dares. */

/** `Profiling and Monitoring:` in the help. */
export const monitoringFlags = [
  {
    name: 'enable-pprof',
    type: 'bool',
    default: 'false',
    file: 'enable-pprof',
    text: 'Serve profiles of the Go runtime.',
    noEffect: 'this is no Go program; use node --inspect',
  },
  {
    name: 'metrics',
    type: 'string',
    default: 'basic',
    file: 'metrics',
    text: 'How much to measure: basic, or extensive with durations of calls.',
  },
  {
    name: 'listen-metrics-urls',
    type: 'urls',
    default: '',
    file: 'listen-metrics-urls',
    text: 'Further places that serve /metrics and health only.',
    bounds: 'hosts are IP addresses or localhost',
  },
] as const;

/** `Logging:` in the help. */
export const loggingFlags = [
  {
    name: 'logger',
    type: 'string',
    default: 'zap',
    file: 'logger',
    text: 'Only zap, the format of structured lines.',
  },
  {
    name: 'log-outputs',
    type: 'set',
    default: 'default',
    file: 'log-outputs',
    text: 'Where lines go: default, stderr, stdout, or files.',
  },
  {
    name: 'log-level',
    type: 'string',
    default: 'info',
    file: 'log-level',
    text: 'Least severe lines to write: debug, info, warn, error, dpanic, panic, or fatal.',
  },
  {
    name: 'log-format',
    type: 'string',
    default: 'json',
    file: 'log-format',
    text: 'How lines look: json or console.',
  },
  {
    name: 'enable-log-rotation',
    type: 'bool',
    default: 'false',
    file: 'enable-log-rotation',
    text: 'Start a new log file when the old one is full.',
  },
  {
    name: 'log-rotation-config-json',
    type: 'string',
    default:
      '{"maxsize": 100, "maxage": 0, "maxbackups": 0, "localtime": false, "compress": false}',
    file: 'log-rotation-config-json',
    text: 'When to start a new file and what to keep, as JSON.',
  },
  {
    name: 'warning-unary-request-duration',
    type: 'duration',
    default: '300ms',
    file: 'warning-unary-request-duration',
    text: 'A call that takes longer is logged.',
  },
] as const;

/** `Distributed tracing:` in the help. */
export const tracingFlags = [
  {
    name: 'enable-distributed-tracing',
    type: 'bool',
    default: 'false',
    file: 'enable-distributed-tracing',
    text: 'Send traces to a collector.',
    noEffect: 'tracing is not supported yet',
  },
  {
    name: 'distributed-tracing-address',
    type: 'string',
    default: 'localhost:4317',
    file: 'distributed-tracing-address',
    text: 'Address of the collector.',
    noEffect: 'tracing is not supported yet',
  },
  {
    name: 'distributed-tracing-service-name',
    type: 'string',
    default: 'etcd',
    file: 'distributed-tracing-service-name',
    text: 'Name of the service in traces.',
    noEffect: 'tracing is not supported yet',
  },
  {
    name: 'distributed-tracing-instance-id',
    type: 'string',
    default: '',
    file: 'distributed-tracing-instance-id',
    text: 'Name of this member in traces.',
    noEffect: 'tracing is not supported yet',
  },
  {
    name: 'distributed-tracing-sampling-rate',
    type: 'int',
    default: '0',
    file: 'distributed-tracing-sampling-rate',
    text: 'How many of a million calls to trace.',
    bounds: '0 to 1000000',
    noEffect: 'tracing is not supported yet',
  },
] as const;

/** `Features:` in the help. */
export const featureFlags = [
  {
    name: 'corrupt-check-time',
    type: 'duration',
    default: '0s',
    file: 'corrupt-check-time',
    text: 'Time between comparisons of all data among members.',
  },
  {
    name: 'compact-hash-check-time',
    type: 'duration',
    default: '1m',
    file: 'compact-hash-check-time',
    text: 'Time between comparisons of hashes made at compactions.',
    bounds: '> 0',
  },
  {
    name: 'compaction-batch-limit',
    type: 'int',
    default: '0',
    file: 'compaction-batch-limit',
    text: 'Revisions that one step of a compaction looks at.',
    bounds: '0 means 1000',
  },
  {
    name: 'compaction-sleep-interval',
    type: 'duration',
    default: '0s',
    file: 'compaction-sleep-interval',
    text: 'Pause between two steps of a compaction.',
    bounds: '0 means 10ms',
  },
  {
    name: 'watch-progress-notify-interval',
    type: 'duration',
    default: '0s',
    file: 'watch-progress-notify-interval',
    text: 'Watchers that asked for it hear of progress this often.',
    bounds: '0 means 10m, else at least 100ms',
  },
  {
    name: 'warning-apply-duration',
    type: 'duration',
    default: '100ms',
    file: 'warning-apply-duration',
    text: 'An entry that takes longer to apply is logged.',
  },
  {
    name: 'bootstrap-defrag-threshold-megabytes',
    type: 'uint',
    default: '0',
    file: 'bootstrap-defrag-threshold-megabytes',
    text: 'Defragment at start if that frees as much.',
    unit: 'MiB',
    bounds: '0 turns it off',
    noEffect: 'free pages are given back while running',
  },
  {
    name: 'max-learners',
    type: 'int',
    default: '1',
    file: 'max-learners',
    text: 'Most learners in the cluster.',
    unit: 'members',
  },
  {
    name: 'downgrade-check-time',
    type: 'duration',
    default: '5s',
    file: 'downgrade-check-time',
    text: 'Time between checks whether a downgrade has finished.',
    noEffect: 'downgrades are not supported yet',
  },
  {
    name: 'snapshot-catchup-entries',
    type: 'u64',
    default: '5000',
    file: 'snapshot-catchup-entries',
    text: 'Entries kept for followers that are a little behind.',
    unit: 'entries',
    bounds: '0 means the default',
  },
] as const;

/** `Unsafe feature:` in the help. */
export const unsafeFlags = [
  {
    name: 'force-new-cluster',
    type: 'bool',
    default: 'false',
    file: 'force-new-cluster',
    text: 'Make a cluster of this member alone out of its data.',
  },
  {
    name: 'unsafe-no-fsync',
    type: 'bool',
    default: 'false',
    file: 'unsafe-no-fsync',
    text: 'Do not wait for the disk. A crash loses what was acknowledged.',
  },
] as const;

/** In the synopsis of the help. */
export const generalFlags = [
  {
    name: 'config-file',
    type: 'string',
    default: '',
    file: '',
    text: 'File with the configuration; other flags and variables are then ignored.',
  },
  { name: 'version', type: 'bool', default: 'false', file: '', text: 'Print versions.' },
] as const;
