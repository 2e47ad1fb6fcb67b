/** `@kv/server/sim`: a whole cluster under one seed. */
export { defects, findDefect } from './defects.js';
export type { Defect } from './defects.js';
export { faultKinds } from './options.js';
export type { FaultKind, SimulationOptions } from './options.js';
export { simulate } from './simulation.js';
export type { SimulationResult, SimulationSettings } from './simulation.js';
export { Statistics } from './statistics.js';
export { exitCodes, Violation } from './violation.js';
export type { Check, ViolationKind } from './violation.js';
