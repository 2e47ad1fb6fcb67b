/**
 * What a seed decides before anything runs (swarm testing): how many members and clients, which faults there are at all and how often,
 * how the network and the disks behave, how the members are configured. Most seeds have few kinds of faults, so that each kind
 * gets far; some have all.
 */
import type { MemberConfig } from '../member-config.js';
import type { Chance } from './chance.js';
import type { NetworkConditions } from './network.js';

export const faultKinds = [
  /** Power fails between two turns, and comes back. */
  'powerCut',
  /** Power fails inside of a turn, at the n-th change of the disk. */
  'powerCutInWrite',
  /** Power fails inside of a transaction of the store. */
  'powerCutInStore',
  /** Power fails for all machines at once. */
  'blackout',
  /** The process is killed. */
  'kill',
  /** The process stands still, and goes on. */
  'pause',
  /** One machine is alone. */
  'isolation',
  /** One direction of one link, or of all links of a machine. */
  'oneWay',
  /** Two halves. */
  'split',
  /** The links of a machine go one by one, and come back in another order. */
  'swizzle',
  /** Clients do not reach a machine, or do not hear of it. */
  'clientCut',
  'slowDisk',
  'fullDisk',
  /** A write, a sync or a rename fails. */
  'diskError',
  'wallClock',
  /** Leadership is moved on purpose. */
  'transfer',
  /** A learner is added that never comes, is given another address, is removed. */
  'membership',
  /** Hashing, defragmenting, status: what operators call. */
  'maintenance',
  /** The operator adds, promotes, moves, removes, replaces members. */
  'churn',
  /** Power fails right after a vote has left, and comes back at once. */
  'voteCut',
  /** Links of a machine go, and whoever wants to use them is told that nobody listens, as by a firewall that rejects. */
  'reject',
] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface SimulationOptions {
  readonly seed: number;
  readonly machines: number;
  readonly clients: number;
  readonly watchers: number;
  /** Mean pause of a client. */
  readonly thinkMs: number;
  /** Length of the phase with faults. */
  readonly safetyMs: number;
  readonly network: NetworkConditions;
  /** Both inclusive. */
  readonly syncMs: readonly [number, number];
  /** Local milliseconds for one of simulated time, for each machine. */
  readonly clockRates: readonly number[];
  /** Mean time between two faults of a kind; absent: there is none. */
  readonly faultEveryMs: ReadonlyMap<FaultKind, number>;
  readonly config: Partial<MemberConfig>;
  /** Batches that share a commit of the store: how much of it a killed process loses. */
  readonly commitBatchesMax: number;
}

/** Mean time between faults, both inclusive, before the swarm is drawn. */
const FAULT_EVERY_MS: readonly [number, number] = [1500, 8000];
const CHURN_EVERY_MS: readonly [number, number] = [300, 3000];
const CLOCK_RATES: readonly number[] = [0.8, 0.9, 1, 1, 1.1, 1.2];

export function drawOptions(seed: number, chance: Chance): SimulationOptions {
  const machines = chance.pick([1, 3, 3, 3, 3, 5]);
  const drifts = chance.happens(0.3);
  const options = {
    seed,
    machines,
    clients: chance.between(2, 5),
    watchers: chance.between(1, 3),
    thinkMs: chance.between(30, 150),
    safetyMs: chance.between(8000, 20_000),
    network: drawNetwork(chance),
    syncMs: chance.pick<readonly [number, number]>([
      [1, 2],
      [1, 10],
      [5, 40],
    ]),
    clockRates: Array.from({ length: machines }, () => (drifts ? chance.pick(CLOCK_RATES) : 1)),
    faultEveryMs: drawFaults(chance),
    config: drawConfig(chance),
  };
  // Drawn last, so that a seed without these is what it was before there were any.
  const faultEveryMs = new Map(options.faultEveryMs);
  if (chance.happens(0.35)) faultEveryMs.set('churn', chance.between(...CHURN_EVERY_MS));
  if (chance.happens(0.15)) faultEveryMs.set('voteCut', chance.between(...FAULT_EVERY_MS));
  const damage = chance.happens(0.2) ? chance.pick([0.1, 0.5]) : 0;
  const commitBatchesMax = chance.pick([1, 3, 64]);
  if (chance.happens(0.25)) faultEveryMs.set('reject', chance.between(...FAULT_EVERY_MS));
  const network = { ...options.network, damage };
  return { ...options, faultEveryMs, network, commitBatchesMax };
}

function drawNetwork(chance: Chance): NetworkConditions {
  const lossy = chance.happens(0.4);
  return {
    loss: lossy ? chance.pick([0.01, 0.05, 0.2]) : 0,
    duplication: chance.happens(0.3) ? chance.pick([0.01, 0.1]) : 0,
    delayMs: chance.pick<readonly [number, number]>([
      [0.2, 1],
      [0.5, 10],
      [5, 60],
    ]),
    straggling: chance.happens(0.3) ? chance.pick([0.002, 0.02]) : 0,
    reordering: chance.happens(0.4),
    damage: 0,
  };
}

function drawFaults(chance: Chance): ReadonlyMap<FaultKind, number> {
  // A seed in ten is calm, one in five has everything.
  const share = chance.pick([0, 0.15, 0.15, 0.3, 0.3, 0.3, 0.5, 0.5, 1, 1]);
  const drawn = new Map<FaultKind, number>();
  for (const kind of faultKinds) {
    if (kind === 'churn' || kind === 'voteCut' || kind === 'reject') continue;
    const everyMs = chance.between(...FAULT_EVERY_MS);
    if (chance.happens(share)) drawn.set(kind, everyMs * (0.5 + share * 3));
  }
  return drawn;
}

function drawConfig(chance: Chance): Partial<MemberConfig> {
  return {
    snapshotCount: chance.pick([10, 20, 100, 10_000]),
    // A member that lacks more gets a copy of the store.
    snapshotCatchupEntries: chance.pick([5, 20, 5000]),
    maxWals: chance.pick([1, 5]),
    maxSnapshots: chance.pick([1, 5]),
    compactionBatchLimit: chance.pick([3, 1000]),
    preVote: chance.happens(0.8),
    initialElectionTickAdvance: chance.happens(0.8),
    leaseCheckpoint: chance.happens(0.5),
    leaseCheckpointIntervalMs: 1000,
    watchProgressNotifyIntervalMs: chance.pick([200, 2000]),
    // With it, members that were not connected for a while refuse changes of membership, which with many faults is always.
    strictReconfigCheck: chance.happens(0.3),
  };
}
