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

/** The context of a promotion, as etcd marshals `membership.ConfigChangeContext`. */
export function promotionToJson(id: MemberId): string {
  return `{"id":${String(id)},"peerURLs":null,"isPromote":true}`;
}

/** What a configuration change carries beside the member: whether it turns a learner into a voter. */
export interface MemberContext {
  readonly member: MemberRecord;
  readonly isPromotion: boolean;
}

/** Reads `memberToJson`, or the context of a configuration change. Undefined for what is neither. */
export function memberFromJson(text: string): MemberContext | undefined {
  const parsed = parseWithIds(text);
  const member = memberOf(parsed);
  if (member === undefined) return undefined;
  return { member, isPromotion: fieldsOf(parsed)?.['isPromote'] === true };
}

/** Reads what a member answers at `/members`. Undefined for what is no list of members. */
export function membersFromJson(text: string): readonly MemberRecord[] | undefined {
  const parsed = parseWithIds(text);
  if (!Array.isArray(parsed)) return undefined;
  const members = parsed.map(memberOf);
  return members.every((member) => member !== undefined) ? members : undefined;
}

/** JSON with each id as a string, before it becomes a double. Inside of a JSON string the quotes would be escaped. */
function parseWithIds(text: string): unknown {
  try {
    return JSON.parse(text.replace(/"id":\s*(\d+)/g, '"id":"$1"'));
  } catch {
    return undefined;
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? { ...value } : undefined;
}

function memberOf(value: unknown): MemberRecord | undefined {
  const fields = fieldsOf(value);
  const id = fields?.['id'];
  if (fields === undefined || typeof id !== 'string' || !/^\d{1,20}$/.test(id)) return undefined;
  const name = fields['name'];
  return {
    id: BigInt(id) as MemberId,
    peerUrls: strings(fields['peerURLs']),
    isLearner: fields['isLearner'] === true,
    name: typeof name === 'string' ? name : '',
    clientUrls: strings(fields['clientURLs']),
  };
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}
