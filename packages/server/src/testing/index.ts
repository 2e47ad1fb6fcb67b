/** For tests of this package and of those above it: a member in memory, its clock, and calls without a transport. */
export { FakeClock } from './fake-clock.js';
export { FakeStreamCall, FakeUnaryCall, metadataOf } from './fake-calls.js';
export type { CallEnd } from './fake-calls.js';
export { MemoryMember, seededRandom, TestStream } from './memory-member.js';
export type { MemoryMemberOptions, PowerCut } from './memory-member.js';
export { MemoryCluster } from './memory-cluster.js';
export { MemoryNetwork } from './memory-network.js';
