/** The shape of one run: sizes, settings and fault rates, all drawn from its seed (swarm testing). */
import type { RaftConfig } from '../../config.js';
import type { Chance } from './chance.js';

/** Rates are "once in N opportunities"; 0 is never. */
export interface Faults {
  readonly dropOneIn: number;
  readonly duplicateOneIn: number;
  /** A message arrives 1 to this many rounds later, so that later ones overtake it. */
  readonly delayRoundsMax: number;
  readonly partitionOneIn: number;
  readonly healOneIn: number;
  readonly crashOneIn: number;
  readonly restartOneIn: number;
  /** A sync takes 0 to this many rounds. */
  readonly syncRoundsMax: number;
}

export interface SimulationOptions {
  readonly members: number;
  readonly rounds: number;
  readonly faults: Faults;
  readonly proposeOneIn: number;
  readonly readOneIn: number;
  readonly transferOneIn: number;
  readonly confChangeOneIn: number;
  readonly checkpointOneIn: number;
  readonly config: Omit<RaftConfig, 'id' | 'observer'>;
}

export function drawOptions(chance: Chance, rounds: number): SimulationOptions {
  const sometimes = (rate: number): number => (chance.oneIn(2) ? rate : 0);
  return {
    members: 1 + chance.below(5),
    rounds,
    faults: {
      dropOneIn: sometimes(5 + chance.below(50)),
      duplicateOneIn: sometimes(5 + chance.below(50)),
      delayRoundsMax: 1 + chance.below(chance.oneIn(3) ? 30 : 4),
      partitionOneIn: sometimes(40 + chance.below(200)),
      healOneIn: 20 + chance.below(100),
      crashOneIn: chance.oneIn(4) ? 0 : 30 + chance.below(300),
      restartOneIn: 5 + chance.below(40),
      syncRoundsMax: chance.below(6),
    },
    proposeOneIn: 1 + chance.below(4),
    readOneIn: 2 + chance.below(8),
    transferOneIn: sometimes(40 + chance.below(200)),
    confChangeOneIn: sometimes(20 + chance.below(100)),
    checkpointOneIn: 10 + chance.below(100),
    config: drawConfig(chance),
  };
}

function drawConfig(chance: Chance): SimulationOptions['config'] {
  const messageBytesMax = chance.pick([0, 40, 200, 100_000]) ?? 0;
  return {
    electionTicks: 5 + chance.below(10),
    heartbeatTicks: 1 + chance.below(3),
    checkQuorum: !chance.oneIn(4),
    preVote: !chance.oneIn(4),
    asyncStorageWrites: chance.oneIn(2),
    stepDownOnRemoval: chance.oneIn(2),
    proposalForwarding: !chance.oneIn(4),
    messageBytesMax,
    applyingBytesMax: chance.pick([1, 60, 1000, Infinity]) ?? Infinity,
    inflightMessagesMax: chance.pick([1, 3, 64]) ?? 1,
    inflightBytesMax: chance.oneIn(2) ? Infinity : messageBytesMax + 100,
    uncommittedBytesMax: chance.oneIn(3) ? 500 : Infinity,
  };
}
