/** The contract that every transport keeps, as a suite of tests, and what tests with real sockets need. */
export { freePorts } from './free-ports.js';
export { selfSigned } from './self-signed.js';
export type { SelfSigned } from './self-signed.js';
export { transportContract } from './transport-contract.js';
export type { ExpectedExceptions, OpenTransport } from './transport-contract.js';
