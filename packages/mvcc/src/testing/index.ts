/** For tests of this package and of those above it: the backend in memory, the contract of backends, the naive model. */
export { backendContract } from './backend-contract.js';
export type { BackendHarness, ContractCase } from './backend-contract.js';
export { MemoryBackend } from './memory-backend.js';
export type { BackendOperation, MemoryBackendOptions } from './memory-backend.js';
export { NaiveModel } from './naive-model.js';
export type { ModelEvent, ModelPair } from './naive-model.js';
