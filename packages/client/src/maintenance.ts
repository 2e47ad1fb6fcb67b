/** How a member is, and what keeps it in order. Each call asks one member: the one of `endpoint`, or whose turn it is. */
import {
  AlarmRequest,
  AlarmRequest_AlarmAction,
  AlarmType,
  DowngradeRequest,
  DowngradeRequest_DowngradeAction,
  HashKVRequest,
  MoveLeaderRequest,
  maintenanceService,
} from '@kv/proto/maintenance';
import { counterFromWire, revisionToWire } from './data.js';
import type { CallSettings, RawClient } from './raw.js';
import {
  saveSnapshot,
  snapshotParts,
  type SavedSnapshot,
  type SnapshotOptions,
} from './snapshot.js';

export interface MemberStatus {
  readonly memberId: bigint;
  readonly version: string;
  readonly leaderId: bigint;
  readonly isLearner: boolean;
  readonly dbBytes: number;
  readonly dbBytesInUse: number;
  readonly raftTerm: number;
  readonly raftIndex: number;
  readonly raftAppliedIndex: number;
  readonly errors: readonly string[];
}

export interface Alarm {
  readonly memberId: bigint;
  readonly type: 'nospace' | 'corrupt' | 'unknown';
}

export interface KeysHash {
  readonly hash: number;
  /** Up to which revision was hashed. */
  readonly revision: number;
  /** What was compacted then; -1 for nothing. Hashes compare only where it is the same. */
  readonly compactRevision: number;
}

export class MaintenanceClient {
  readonly #raw: RawClient;

  constructor(raw: RawClient) {
    this.#raw = raw;
  }

  async status(settings: CallSettings = {}): Promise<MemberStatus> {
    const answer = await this.#raw.call(maintenanceService.status, {}, settings);
    return {
      memberId: answer.header?.memberId ?? 0n,
      version: answer.version,
      leaderId: answer.leader,
      isLearner: answer.isLearner,
      dbBytes: counterFromWire('db size', answer.dbSize),
      dbBytesInUse: counterFromWire('db size in use', answer.dbSizeInUse),
      raftTerm: counterFromWire('term', answer.raftTerm),
      raftIndex: counterFromWire('index', answer.raftIndex),
      raftAppliedIndex: counterFromWire('applied index', answer.raftAppliedIndex),
      errors: answer.errors,
    };
  }

  async alarms(settings: CallSettings = {}): Promise<readonly Alarm[]> {
    const request = AlarmRequest.create({
      action: AlarmRequest_AlarmAction.GET,
      alarm: AlarmType.NONE,
    });
    const answer = await this.#raw.call(maintenanceService.alarm, request, settings);
    return answer.alarms.map(({ memberID, alarm }) => ({
      memberId: memberID,
      type: typeOf(alarm),
    }));
  }

  /** Ends an alarm, once its reason is gone. */
  async disarm({ memberId, type }: Alarm, settings: CallSettings = {}): Promise<void> {
    const request = AlarmRequest.create({
      action: AlarmRequest_AlarmAction.DEACTIVATE,
      memberID: memberId,
      alarm: type === 'nospace' ? AlarmType.NOSPACE : AlarmType.CORRUPT,
    });
    await this.#raw.call(maintenanceService.alarm, request, settings);
  }

  /** Gives free space of the member's file back. Other requests to it wait meanwhile. */
  async defragment(settings: CallSettings = {}): Promise<void> {
    await this.#raw.call(maintenanceService.defragment, {}, settings);
  }

  /** A hash of keys and history up to `revision` (0: the newest), equal on all members. */
  async hashKeys(revision = 0, settings: CallSettings = {}): Promise<KeysHash> {
    const request = HashKVRequest.create({ revision: revisionToWire('revision', revision) });
    const answer = await this.#raw.call(maintenanceService.hashKV, request, settings);
    return {
      hash: answer.hash,
      revision: counterFromWire('revision', answer.hashRevision),
      compactRevision: counterFromWire('revision', answer.compactRevision),
    };
  }

  /** Hands leadership over. Only the leader can: name its endpoint. */
  async moveLeader(memberId: bigint, settings: CallSettings = {}): Promise<void> {
    const request = MoveLeaderRequest.create({ targetID: memberId });
    await this.#raw.call(maintenanceService.moveLeader, request, settings);
  }

  /** Checks, begins or calls off a downgrade of the cluster to `version`, as `3.6`. */
  async downgrade(
    action: 'validate' | 'enable' | 'cancel',
    version: string,
    settings: CallSettings = {},
  ): Promise<void> {
    const wireAction = {
      validate: DowngradeRequest_DowngradeAction.VALIDATE,
      enable: DowngradeRequest_DowngradeAction.ENABLE,
      cancel: DowngradeRequest_DowngradeAction.CANCEL,
    }[action];
    const request = DowngradeRequest.create({ action: wireAction, version });
    await this.#raw.call(maintenanceService.downgrade, request, settings);
  }

  /**
   * The parts of a snapshot file, checked against the server's checksum: the image, then its SHA-256. Rejects with `snapshotCorrupt`. Leaving the
   * loop ends the transfer.
   */
  snapshot(options: SnapshotOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    return snapshotParts(this.#raw, options);
  }

  /** Saves a snapshot to a file, which appears only when it is whole, checked and on disk. */
  saveSnapshot(path: string, options: SnapshotOptions = {}): Promise<SavedSnapshot> {
    return saveSnapshot(this.#raw, path, options);
  }
}

function typeOf(alarm: AlarmType): Alarm['type'] {
  if (alarm === AlarmType.NOSPACE) return 'nospace';
  return alarm === AlarmType.CORRUPT ? 'corrupt' : 'unknown';
}
