/** A real cluster inside the test process: in memory, on a clock that the test turns. */
export { createTestCluster, TestCluster } from './test-cluster.js';
export { ClusterSnapshot } from './cluster-snapshot.js';
export { TestClusterError } from './errors.js';

export type { Connection, TestClientOptions } from './cluster-clients.js';
export type { Duration } from './duration.js';
export type { TestClusterErrorCode, TestClusterErrorOptions } from './errors.js';
export type { MemberCount, MemberName, TestClusterOptions } from './options.js';
export type { MemberImage } from './test-member.js';
export type { Unsynced } from './test-cluster.js';
