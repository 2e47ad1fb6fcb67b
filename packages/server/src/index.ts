/** One member of a cluster: its configuration, the member itself, and the ports by which it meets the world. */

// For whoever runs a member.
export { Member } from './member.js';
export type { MemberHandle, MemberPorts, MemberView } from './member-handle.js';
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
export { noPeers } from './peer/transport.js';
export type { PeerReceiver, PeerTransport } from './peer/transport.js';
export type { Random } from './random.js';
export type { Alarm, AlarmType } from './apply/command.js';
