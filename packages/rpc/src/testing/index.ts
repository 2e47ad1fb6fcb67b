/** The contract that every transport keeps, as a suite of tests. */
export { transportContract } from './transport-contract.js';
export type { ExpectedExceptions, OpenTransport } from './transport-contract.js';
