/** What the process around a member needs to know: listeners, logs, access. The member itself gets a `MemberConfig`. */
import type { Discovery } from '../discovery/discover.js';
import type { MemberConfig } from '../member-config.js';
import type { AutoTls, TlsSettings } from '../transport/tls/tls-settings.js';
import type { Note, Problem } from './report.js';
import type { EtcdUrl } from './url-list.js';

export interface LoggingConfig {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'dpanic' | 'panic' | 'fatal';
  readonly format: 'json' | 'console';
  /** `default`, `stderr`, `stdout`, or paths of files. */
  readonly outputs: readonly string[];
}

export interface DaemonConfig {
  readonly listenPeerUrls: readonly EtcdUrl[];
  readonly listenClientUrls: readonly EtcdUrl[];
  /** HTTP only; when there are any, `listenClientUrls` serve gRPC only. */
  readonly listenClientHttpUrls: readonly EtcdUrl[];
  readonly listenMetricsUrls: readonly EtcdUrl[];
  /** For addresses of clients and metrics whose scheme is https or unixs. */
  readonly clientTls: TlsSettings;
  /** Present when the certificate of `clientTls` is still to be made. */
  readonly clientAutoTls: AutoTls | undefined;
  /** For addresses of members whose scheme is https or unixs. */
  readonly peerTls: TlsSettings;
  readonly peerAutoTls: AutoTls | undefined;
  /** What is shown to other members; the files of `peerTls` when empty. */
  readonly peerClientFiles: { readonly certFile: string; readonly keyFile: string };
  /** `*` allows all. */
  readonly corsOrigins: readonly string[];
  /** `*` allows all. */
  readonly hostWhitelist: readonly string[];
  readonly enableGrpcGateway: boolean;
  readonly socketReusePort: boolean;
  readonly maxConcurrentStreams: number;
  readonly grpcKeepaliveMinTimeMs: number;
  readonly grpcKeepaliveIntervalMs: number;
  readonly grpcKeepaliveTimeoutMs: number;
  readonly logging: LoggingConfig;
  /** Explicit settings of feature gates. */
  readonly featureGates: ReadonlyMap<string, boolean>;
  /** Every gate with its value. */
  readonly effectiveGates: ReadonlyMap<string, boolean>;
  /** How the founding members are found when they are not told. */
  readonly discovery: Discovery;
  /** `--initial-cluster` as one text, for the log. */
  readonly initialClusterText: string;
  /** Whether `--data-dir` was left empty and the default applies. */
  readonly dataDirDefaulted: boolean;
}

/** What the arguments ask for. */
export type ParsedConfig =
  | { readonly type: 'version' }
  | { readonly type: 'help' }
  /** A syntax error: this text and the synopsis go to stderr; exit code 2. */
  | { readonly type: 'usage'; readonly text: string; readonly hint: string | undefined }
  | {
      readonly type: 'problems';
      /** Not empty. */
      readonly problems: readonly Problem[];
      readonly notes: readonly Note[];
      /** How to write the log lines that tell of them. */
      readonly logging: LoggingConfig;
    }
  | {
      readonly type: 'run';
      readonly member: MemberConfig;
      readonly daemon: DaemonConfig;
      readonly notes: readonly Note[];
    };
