/** The alarms in force: pairs of member and type, replicated, kept in bucket `alarm` until they are deactivated. */
import { AlarmMember } from '@kv/proto';
import type { BucketReader, BucketWriter } from '@kv/mvcc';
import type { MemberId } from '../ids.js';
import type { Alarm, AlarmCommand, AlarmType } from './command.js';
import { alarmOfWire, wireAlarmOf } from './state-codec.js';

const NO_BYTES: Uint8Array = new Uint8Array(0);

export class Alarms {
  /** By type, then member: what guards ask is whether a type is in force. */
  readonly #members: Readonly<Record<AlarmType, Set<MemberId>>> = {
    nospace: new Set(),
    corrupt: new Set(),
  };

  /** Replaces everything by what is stored. The value of a row is empty; its key is an encoded `AlarmMember`. */
  load(bucket: BucketReader): void {
    this.#members.nospace.clear();
    this.#members.corrupt.clear();
    for (const [key] of bucket.entries()) {
      const { memberID, alarm } = AlarmMember.decode(key);
      const type = alarmOfWire(alarm);
      if (type === 'nospace' || type === 'corrupt') this.#members[type].add(memberID as MemberId);
    }
  }

  inForce(type: AlarmType): boolean {
    return this.#members[type].size > 0;
  }

  list(type: AlarmType | 'none' = 'none'): readonly Alarm[] {
    const types: readonly AlarmType[] = type === 'none' ? ['nospace', 'corrupt'] : [type];
    return types.flatMap((each) =>
      [...this.#members[each]].map((memberId) => ({ memberId, type: each })),
    );
  }

  /** Executes the command and returns the alarms concerned: all asked for, the one set, the one removed, or none. */
  apply(command: AlarmCommand, bucket: () => BucketWriter): readonly Alarm[] {
    const { action, memberId, alarm } = command;
    if (action === 'get') return this.list(alarm);
    if (action === 'ignored' || alarm === 'none') return [];
    const concerned: Alarm = { memberId, type: alarm };
    if (action === 'activate') {
      if (!this.#members[alarm].has(memberId)) {
        this.#members[alarm].add(memberId);
        bucket().put(rowKey(concerned), NO_BYTES);
      }
      return [concerned];
    }
    if (!this.#members[alarm].delete(memberId)) return [];
    bucket().delete(rowKey(concerned));
    return [concerned];
  }
}

function rowKey(alarm: Alarm): Uint8Array {
  return AlarmMember.encode({ memberID: alarm.memberId, alarm: wireAlarmOf(alarm.type) }).finish();
}
