/** One member as the cluster knows it, and the JSON that etcd keeps and sends of it. */
import type { MemberId } from '../ids.js';

export interface MemberRecord {
  readonly id: MemberId;
  readonly peerUrls: readonly string[];
  readonly isLearner: boolean;
  /** Empty until the member has started and published itself. */
  readonly name: string;
  readonly clientUrls: readonly string[];
}

/**
 * JSON as etcd marshals `membership.Member` (etcd v3.7.1 server/etcdserver/api/membership/member.go): the id is a 64-bit
 * number, which JSON.stringify does not write and JSON.parse does not keep.
 */
export function memberToJson(member: MemberRecord): string {
  const rest = JSON.stringify({
    peerURLs: member.peerUrls,
    ...(member.isLearner ? { isLearner: true } : {}),
    ...(member.name === '' ? {} : { name: member.name }),
    ...(member.clientUrls.length === 0 ? {} : { clientURLs: member.clientUrls }),
  });
  return `{"id":${String(member.id)},${rest.slice(1)}`;
}

/** What a configuration change carries beside the member: whether it turns a learner into a voter. */
export interface MemberContext {
  readonly member: MemberRecord;
  readonly isPromotion: boolean;
}

/** Reads `memberToJson`, or the context of a configuration change. Undefined for what is neither. */
export function memberFromJson(text: string): MemberContext | undefined {
  try {
    // The id as a string, before it becomes a double. Inside of a JSON string the quotes would be escaped.
    const parsed: unknown = JSON.parse(text.replace(/"id":\s*(\d+)/, '"id":"$1"'));
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const fields: Readonly<Record<string, unknown>> = { ...parsed };
    const id = fields['id'];
    if (typeof id !== 'string') return undefined;
    const name = fields['name'];
    return {
      member: {
        id: BigInt(id) as MemberId,
        peerUrls: strings(fields['peerURLs']),
        isLearner: fields['isLearner'] === true,
        name: typeof name === 'string' ? name : '',
        clientUrls: strings(fields['clientURLs']),
      },
      isPromotion: fields['isPromote'] === true,
    };
  } catch {
    return undefined;
  }
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}
