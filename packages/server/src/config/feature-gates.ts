/** Feature gates (daemon.md §8; etcd v3.7.1 server/features, pkg/featuregate): names, stages, defaults, and their syntax. */
import { parseBool, parsed, quote, refused } from './go-values.js';
import type { Parsed } from './go-values.js';

export interface FeatureGate {
  readonly stage: 'ALPHA' | 'BETA';
  readonly default: boolean;
}

export const featureGates: ReadonlyMap<string, FeatureGate> = new Map<string, FeatureGate>([
  ['AllAlpha', { stage: 'ALPHA', default: false }],
  ['AllBeta', { stage: 'BETA', default: false }],
  ['CompactHashCheck', { stage: 'ALPHA', default: false }],
  ['FastLeaseKeepAlive', { stage: 'BETA', default: true }],
  ['InitialCorruptCheck', { stage: 'ALPHA', default: false }],
  ['LeaseCheckpoint', { stage: 'ALPHA', default: false }],
  ['LeaseCheckpointPersist', { stage: 'ALPHA', default: false }],
  ['PriorityRequest', { stage: 'ALPHA', default: false }],
  ['SetMemberLocalAddr', { stage: 'ALPHA', default: false }],
  ['StopGRPCServiceOnDefrag', { stage: 'ALPHA', default: false }],
  ['TxnModeWriteWithSharedBuffer', { stage: 'BETA', default: true }],
]);

/** `Name=true,Other=false` as explicit settings; the last one of a name wins. */
export function parseGates(text: string): Parsed<ReadonlyMap<string, boolean>> {
  const gates = new Map<string, boolean>();
  for (const item of text.split(',')) {
    if (item.trim() === '') continue;
    const equals = item.indexOf('=');
    const name = (equals < 0 ? item : item.slice(0, equals)).trim();
    if (equals < 0) return refused(`missing bool value for ${name}`);
    const word = item.slice(equals + 1).trim();
    const value = parseBool(word);
    if (value === undefined) {
      const why = `strconv.ParseBool: parsing ${quote(word)}: invalid syntax`;
      return refused(`invalid value of ${name}=${word}, err: ${why}`);
    }
    gates.set(name, value);
  }
  for (const name of gates.keys()) {
    if (!featureGates.has(name)) return refused(`unrecognized feature gate: ${name}`);
  }
  return parsed(gates);
}

/** The value of every gate: explicit, else what AllAlpha or AllBeta say for its stage, else its default. */
export function effectiveGates(
  explicit: ReadonlyMap<string, boolean>,
): ReadonlyMap<string, boolean> {
  const ofStage = {
    ALPHA: explicit.get('AllAlpha') ?? false,
    BETA: explicit.get('AllBeta') ?? false,
  };
  return new Map(
    Array.from(featureGates, ([name, gate]): [string, boolean] => [
      name,
      explicit.get(name) ?? (ofStage[gate.stage] || gate.default),
    ]),
  );
}
