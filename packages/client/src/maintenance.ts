/** How a member is, and what keeps it in order. Asks the member that the next connection leads to: use one endpoint. */
import {
  AlarmRequest,
  AlarmRequest_AlarmAction,
  AlarmType,
  maintenanceService,
} from '@kv/proto/maintenance';
import { counterFromWire } from './data.js';
import type { CallSettings, RawClient } from './raw.js';

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
      type:
        alarm === AlarmType.NOSPACE
          ? 'nospace'
          : alarm === AlarmType.CORRUPT
            ? 'corrupt'
            : 'unknown',
    }));
  }

  /** Gives free space of the member's file back. Other requests to it wait meanwhile. */
  async defragment(settings: CallSettings = {}): Promise<void> {
    await this.#raw.call(maintenanceService.defragment, {}, settings);
  }
}
