/** One member of a cluster: its configuration, the member itself, and the ports by which it meets the world. */

// For whoever runs a member.
export { Member } from './member.js';
export type { MemberHandle, MemberPorts, MemberView, Witness } from './member-handle.js';
export { defaultMemberConfig } from './member-config.js';
export type { AutoCompaction, InitialMember, MemberConfig } from './member-config.js';
export { MemberError } from './errors.js';
export type { MemberErrorCode } from './errors.js';
export { FEATURE_VERSION, SERVER_VERSION } from './version.js';
export { hexOf } from './grpc/int64.js';

// Ports, for whoever brings another clock, log, or network.
export { systemClock } from './clock.js';
export type { Clock, Timer } from './clock.js';
export { silentLogger } from './logger.js';
export type { LogFields, Logger, LogLevel, LogValue } from './logger.js';
export { noMetrics } from './metrics.js';
export type { Counter, Gauge, Histogram, Metrics } from './metrics.js';
export { HttpTransport } from './peer/http-transport.js';
export type { HttpTransportPorts } from './peer/http-transport.js';
export { clusterRoutes } from './peer/cluster-routes.js';
export type { PeerApi } from './peer/cluster-routes.js';
export { PeerError } from './peer/errors.js';
export type { PeerErrorCode } from './peer/errors.js';
export { noPeers } from './peer/transport.js';
export type {
  LocalMember,
  PeerAnswer,
  PeerReceiver,
  PeerRequest,
  PeerTransport,
  SnapshotImage,
} from './peer/transport.js';
export type { BootstrapNetwork, LookupAnswer } from './cluster/bootstrap-network.js';
export { withoutSecrets } from './config/secrets.js';
export { discover, expectedServerName } from './discovery/discover.js';
export type { DiscoverPorts, Discovery } from './discovery/discover.js';
export type { TokenDiscovery } from './discovery/discovery-client.js';
export type { DiscoveryTls } from './discovery/discovery-credentials.js';
export type { Resolver, SrvDiscovery, SrvRecord } from './discovery/srv-discovery.js';
export type { Random } from './random.js';
export type { Alarm, AlarmType } from './apply/command.js';

// For the process around a member.
export { parseConfig } from './config/parse-config.js';
export type { ReadFile } from './config/parse-config.js';
export type { DaemonConfig, LoggingConfig, ParsedConfig } from './config/daemon-config.js';
export type { Note, Problem } from './config/report.js';
export type { EtcdUrl } from './config/url-list.js';
export { flagListing, goArchOf, goPlatformOf, synopsis, versionText } from './config/help.js';
export { openLogger } from './logging/json-logger.js';
export { systemText } from './logging/sink.js';
export { Listener } from './transport/listener.js';
export type { ListenerOptions, ListenerServices } from './transport/listener.js';
export { TlsError } from './transport/tls/tls-error.js';
export type { TlsErrorCode } from './transport/tls/tls-error.js';
export { ConnectingTls } from './transport/tls/connecting-tls.js';
export type { ConnectingTlsOptions } from './transport/tls/connecting-tls.js';
export { autoCertificate } from './transport/tls/auto-tls.js';
export type { AutoTls, TlsSettings } from './transport/tls/tls-settings.js';
export { clientTransport } from './transport/client-transport.js';
export { PrometheusMetrics } from './http/prometheus.js';
export { grpcMetrics } from './http/grpc-metrics.js';
export { descriptorsMax, processMetrics } from './http/process-metrics.js';
export { healthRoutes } from './http/health.js';
export { clientRoutes, metricsRoutes, peerRoutes } from './http/routes.js';
export { withAccess } from './http/access.js';
