/** For tests, also of other packages: the contract of log storage, and scenarios in the language of etcd-io/raft. */
export { logStorageContract } from './log-storage-contract.js';
export type { LogStorageUnderTest, RegisterTest } from './log-storage-contract.js';
export { skipCommitInTermCheck } from './planted.js';
export { replayScript, rewriteScript } from './replay.js';
export type { Difference, Grade, ReplayResult } from './replay.js';
export type { Argument, Directive } from './script.js';
export { SafetyViolation } from './simulation/checker.js';
export { LivenessFailure, simulate } from './simulation/simulation.js';
export type { SimulationResult } from './simulation/simulation.js';
