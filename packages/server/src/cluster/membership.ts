/**
 * Who is in the cluster, as of the applied index: the members, those removed for ever, the cluster's version.
 *
 * Replicated state: changed by entries only, and stored in the same transaction (buckets `members`, `members_removed`,
 * `cluster`, under etcd's names).
 */
import type { BucketName, BucketReader, BucketWriter } from '@kv/mvcc';
import type { ConfChangeType } from '@kv/raft';
import { MemberError } from '../errors.js';
import { hexOf } from '../grpc/int64.js';
import type { MemberId } from '../ids.js';
import { assertNever } from '../invariant.js';
import { textOf, utf8 } from '../wire/buffer.js';
import {
  memberFromJson,
  memberToJson,
  type MemberContext,
  type MemberRecord,
} from './member-record.js';

export interface Downgrade {
  readonly enabled: boolean;
  /** `3.6.0`; empty while not enabled. */
  readonly targetVersion: string;
}

/** Why a change of membership is refused at apply; it then changes nothing, on every member alike. */
export type MembershipProblem =
  'memberNotFound' | 'memberExists' | 'peerUrlExists' | 'notLearner' | 'tooManyLearners';

export type ReadBuckets = (name: BucketName) => BucketReader;
export type WriteBuckets = (name: BucketName) => BucketWriter;

const CLUSTER_VERSION_KEY = utf8('clusterVersion');
const DOWNGRADE_KEY = utf8('downgrade');
const REMOVED = utf8('removed');
const NO_DOWNGRADE: Downgrade = { enabled: false, targetVersion: '' };

export class Membership {
  readonly #maxLearners: number;
  readonly #members = new Map<MemberId, MemberRecord>();
  readonly #removed = new Set<MemberId>();
  #clusterVersion: string | undefined;
  #downgrade: Downgrade = NO_DOWNGRADE;

  constructor(maxLearners: number) {
    this.#maxLearners = maxLearners;
  }

  /** Replaces everything by what is stored. Throws `unsupported_data` for what it can not read. */
  load(bucket: ReadBuckets): void {
    this.#members.clear();
    this.#removed.clear();
    for (const [key, value] of bucket('members').entries()) {
      const read = memberFromJson(textOf(value));
      if (read === undefined) {
        const what = `member ${textOf(key)} is stored as ${textOf(value)}`;
        throw new MemberError('unsupported_data', `${what}, which this version can not read`);
      }
      this.#members.set(read.member.id, read.member);
    }
    for (const [key] of bucket('members_removed').entries()) {
      this.#removed.add(BigInt(`0x${textOf(key)}`) as MemberId);
    }
    const version = bucket('cluster').get(CLUSTER_VERSION_KEY);
    this.#clusterVersion = version === undefined ? undefined : textOf(version);
    const downgrade = bucket('cluster').get(DOWNGRADE_KEY);
    this.#downgrade = downgrade === undefined ? NO_DOWNGRADE : downgradeFromJson(textOf(downgrade));
  }

  /** Ascending by id. */
  members(): readonly MemberRecord[] {
    return [...this.#members.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** All but this one, ascending by id. */
  others(id: MemberId): readonly MemberRecord[] {
    return this.members().filter((member) => member.id !== id);
  }

  /** Whether there is at most one member. */
  get isAlone(): boolean {
    return this.#members.size <= 1;
  }

  find(id: MemberId): MemberRecord | undefined {
    return this.#members.get(id);
  }

  isRemoved(id: MemberId): boolean {
    return this.#removed.has(id);
  }

  get voterCount(): number {
    return this.members().filter((member) => !member.isLearner).length;
  }

  /** `3.7.0`; undefined until one was decided. */
  get clusterVersion(): string | undefined {
    return this.#clusterVersion;
  }

  get downgrade(): Downgrade {
    return this.#downgrade;
  }

  /** The rules of rpc.md §8 that hold at apply, whatever was checked before proposing. */
  check(type: ConfChangeType, id: MemberId, context: MemberContext): MembershipProblem | undefined {
    if (this.#removed.has(id)) return 'memberNotFound';
    switch (type) {
      case 'addNode':
      case 'addLearnerNode':
        return context.isPromotion ? this.#checkPromotion(id) : this.#checkAddition(id, context);
      case 'removeNode':
        return this.#members.has(id) ? undefined : 'memberNotFound';
      case 'updateNode':
        if (!this.#members.has(id)) return 'memberNotFound';
        return this.#usesUrlOfOther(id, context.member.peerUrls) ? 'peerUrlExists' : undefined;
      default:
        return assertNever(type, 'a configuration change has a known type');
    }
  }

  #checkPromotion(id: MemberId): MembershipProblem | undefined {
    const member = this.#members.get(id);
    if (member === undefined) return 'memberNotFound';
    return member.isLearner ? undefined : 'notLearner';
  }

  #checkAddition(id: MemberId, { member }: MemberContext): MembershipProblem | undefined {
    if (this.#members.has(id)) return 'memberExists';
    if (this.#usesUrlOfOther(id, member.peerUrls)) return 'peerUrlExists';
    if (!member.isLearner) return undefined;
    const learners = this.#members.size - this.voterCount;
    return learners + 1 > this.#maxLearners ? 'tooManyLearners' : undefined;
  }

  #usesUrlOfOther(id: MemberId, urls: readonly string[]): boolean {
    for (const other of this.#members.values()) {
      if (other.id !== id && other.peerUrls.some((url) => urls.includes(url))) return true;
    }
    return false;
  }

  /** Executes a change that has passed {@link check}. */
  apply(type: ConfChangeType, id: MemberId, context: MemberContext, bucket: WriteBuckets): void {
    const before = this.#members.get(id);
    switch (type) {
      case 'addNode':
      case 'addLearnerNode':
        this.#store(
          context.isPromotion && before !== undefined
            ? { ...before, isLearner: false }
            : { ...context.member, id },
          bucket,
        );
        return;
      case 'removeNode':
        this.#members.delete(id);
        this.#removed.add(id);
        bucket('members').delete(rowKey(id));
        bucket('members_removed').put(rowKey(id), REMOVED);
        return;
      case 'updateNode':
        if (before !== undefined) {
          this.#store({ ...before, peerUrls: context.member.peerUrls }, bucket);
        }
        return;
      default:
        assertNever(type, 'a configuration change has a known type');
    }
  }

  /** A member publishes its name and client URLs. Of a member that is not (any more) here it is ignored, as in etcd. */
  setAttributes(
    id: MemberId,
    name: string,
    clientUrls: readonly string[],
    bucket: WriteBuckets,
  ): void {
    const before = this.#members.get(id);
    if (before !== undefined) this.#store({ ...before, name, clientUrls }, bucket);
  }

  setClusterVersion(version: string, bucket: WriteBuckets): void {
    this.#clusterVersion = version;
    bucket('cluster').put(CLUSTER_VERSION_KEY, utf8(version));
  }

  setDowngrade(downgrade: Downgrade, bucket: WriteBuckets): void {
    this.#downgrade = downgrade;
    bucket('cluster').put(
      DOWNGRADE_KEY,
      utf8(
        JSON.stringify({ 'target-version': downgrade.targetVersion, enabled: downgrade.enabled }),
      ),
    );
  }

  #store(member: MemberRecord, bucket: WriteBuckets): void {
    this.#members.set(member.id, member);
    bucket('members').put(rowKey(member.id), utf8(memberToJson(member)));
  }
}

function rowKey(id: MemberId): Buffer {
  return utf8(hexOf(id));
}

function downgradeFromJson(text: string): Downgrade {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== 'object' || parsed === null) return NO_DOWNGRADE;
  const fields: Readonly<Record<string, unknown>> = { ...parsed };
  const target = fields['target-version'];
  return {
    enabled: fields['enabled'] === true,
    targetVersion: typeof target === 'string' ? target : '',
  };
}
