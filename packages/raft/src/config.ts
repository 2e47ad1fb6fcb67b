/** The settings of a node: units, defaults, bounds and reasons. */
import { RaftError } from './errors.js';
import type { Observer } from './events.js';
import { NONE, toIndex, type LogIndex, type NodeId } from './types.js';

/**
 * - `safe`: the leader confirms each read index with a quorum (thesis §6.4).
 * - `leaseBased`: the leader trusts that it leads until its check-quorum period ends. Wrong when clocks drift apart
 *   without bound; never the default.
 */
export type ReadIndexMode = 'safe' | 'leaseBased';

/** Returns a uniformly chosen whole number from 0 to `bound` - 1. The node's only source of chance. */
export type Random = (bound: number) => number;

export interface RaftConfig {
  /** This member. Not 0n, and not one of the two highest numbers, which name the storage workers. */
  readonly id: NodeId;

  /**
   * Ticks without a leader before an election, which follows after one to two times as many (Raft §5.2). Also the
   * period of the leader's check quorum. Default 10; more than `heartbeatTicks`.
   */
  readonly electionTicks?: number;
  /** Ticks between heartbeats. Default 1. */
  readonly heartbeatTicks?: number;

  /** Index up to which the application has applied already: nothing up to it is handed out again. Default 0. */
  readonly applied?: LogIndex;

  /** Encoded bytes of entries in one append message; at least one entry goes out regardless. Default 1 MiB. */
  readonly messageBytesMax?: number;
  /** Encoded bytes of committed entries handed out and not yet applied. Default: as `messageBytesMax`. */
  readonly applyingBytesMax?: number;
  /**
   * Payload bytes that the leader accepts without having them committed. A proposal that would exceed it is dropped,
   * unless nothing is uncommitted. Default: no limit (etcd's).
   */
  readonly uncommittedBytesMax?: number;
  /** Append messages under way to one follower. Default 512 (etcd's). */
  readonly inflightMessagesMax?: number;
  /** Bytes of entries under way to one follower, exceeded by at most one message. Default: no limit. */
  readonly inflightBytesMax?: number;

  /** The leader steps down when no quorum answers for `electionTicks`, and voters protect it as long. Default true. */
  readonly checkQuorum?: boolean;
  /** Ask whether an election could be won before starting one (thesis §9.6). Default true. */
  readonly preVote?: boolean;
  /** Default `safe`. `leaseBased` needs `checkQuorum`. */
  readonly readIndexMode?: ReadIndexMode;

  /** Followers pass proposals on to the leader. Default true. */
  readonly proposalForwarding?: boolean;
  /**
   * The leader replaces a configuration change by an empty entry when another may be pending, or when it does not fit
   * the active configuration. Default true; false only for an application that serialises and checks changes itself.
   */
  readonly confChangeValidation?: boolean;
  /** A leader that is removed or demoted stops leading when it applies that. Default false (etcd's). */
  readonly stepDownOnRemoval?: boolean;

  /** Hand out storage work that may overlap, instead of waiting for `advance`. See `Ready`. Default false. */
  readonly asyncStorageWrites?: boolean;

  /** Hears what happens: for logs, metrics and tests. Must not call back into the node. */
  readonly observer?: Observer;
}

/** A config with nothing left open. */
export type ResolvedConfig = Required<RaftConfig>;

const ignore: Observer = () => undefined;

const MEBIBYTE = 1024 * 1024;

/** One thing that is wrong with a config. */
export interface Problem {
  readonly field: keyof RaftConfig;
  readonly message: string;
}

/** Fills in the defaults. Throws `RaftError('invalidConfig')` with all problems. */
export function resolveConfig(config: RaftConfig): ResolvedConfig {
  const problems = validateConfig(config);
  if (problems.length > 0) {
    throw new RaftError('invalidConfig', problems.map((problem) => problem.message).join('; '));
  }
  return withDefaults(config);
}

function withDefaults(config: RaftConfig): ResolvedConfig {
  const messageBytesMax = config.messageBytesMax ?? MEBIBYTE;
  return Object.freeze({
    id: config.id,
    electionTicks: config.electionTicks ?? 10,
    heartbeatTicks: config.heartbeatTicks ?? 1,
    applied: config.applied ?? toIndex(0),
    messageBytesMax,
    applyingBytesMax: config.applyingBytesMax ?? Math.max(messageBytesMax, 1),
    uncommittedBytesMax: config.uncommittedBytesMax ?? Infinity,
    inflightMessagesMax: config.inflightMessagesMax ?? 512,
    inflightBytesMax: config.inflightBytesMax ?? Infinity,
    checkQuorum: config.checkQuorum ?? true,
    preVote: config.preVote ?? true,
    readIndexMode: config.readIndexMode ?? 'safe',
    proposalForwarding: config.proposalForwarding ?? true,
    confChangeValidation: config.confChangeValidation ?? true,
    stepDownOnRemoval: config.stepDownOnRemoval ?? false,
    asyncStorageWrites: config.asyncStorageWrites ?? false,
    observer: config.observer ?? ignore,
  });
}

/** Names the writer of the log in etcd's messages. No member may have this identifier. */
export const LOCAL_APPEND: NodeId = 0xffff_ffff_ffff_ffffn as NodeId;
/** Names the state machine in etcd's messages. No member may have this identifier. */
export const LOCAL_APPLY: NodeId = 0xffff_ffff_ffff_fffen as NodeId;

/** All that is wrong with a config; empty when it can be used. */
export function validateConfig(config: RaftConfig): Problem[] {
  const problems: Problem[] = [];
  const check = (holds: boolean, field: keyof RaftConfig, message: string): void => {
    if (!holds) problems.push({ field, message });
  };
  const resolved = withDefaults(config);
  const { id, electionTicks, heartbeatTicks, messageBytesMax, inflightBytesMax } = resolved;

  check(
    id > NONE && id < LOCAL_APPLY,
    'id',
    `id ${id.toString(16)} is reserved: 1 to fffffffffffffffd are members`,
  );
  check(
    Number.isSafeInteger(heartbeatTicks) && heartbeatTicks > 0,
    'heartbeatTicks',
    `heartbeatTicks ${heartbeatTicks} must be a whole number above 0`,
  );
  check(
    Number.isSafeInteger(electionTicks) && electionTicks > heartbeatTicks,
    'electionTicks',
    `electionTicks ${electionTicks} must be a whole number above heartbeatTicks ${heartbeatTicks}`,
  );
  check(
    Number.isSafeInteger(resolved.applied) && resolved.applied >= 0,
    'applied',
    `applied ${resolved.applied} must be a whole number`,
  );
  for (const field of ['messageBytesMax', 'uncommittedBytesMax'] as const) {
    check(resolved[field] >= 0, field, `${field} ${resolved[field]} must not be negative`);
  }
  for (const field of ['applyingBytesMax', 'inflightMessagesMax'] as const) {
    check(resolved[field] > 0, field, `${field} ${resolved[field]} must be above 0`);
  }
  check(
    inflightBytesMax >= messageBytesMax,
    'inflightBytesMax',
    `inflightBytesMax ${inflightBytesMax} must not be below messageBytesMax ${messageBytesMax}`,
  );
  check(
    resolved.readIndexMode === 'safe' || resolved.checkQuorum,
    'readIndexMode',
    'readIndexMode leaseBased needs checkQuorum',
  );
  return problems;
}
