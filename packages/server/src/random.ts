/** Chance as a port: for election timeouts and for spreading timers, never for anything secret. */
import { randomInt } from 'node:crypto';

/** A whole number from 0 to `bound` - 1, uniformly. */
export type Random = (bound: number) => number;

export const systemRandom: Random = (bound) => (bound <= 1 ? 0 : randomInt(bound));
