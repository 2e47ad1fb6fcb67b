/** The hash of another member's store, asked of it over the peer port (http.md §12.2; etcd v3.7.1 etcdserver/corrupt.go). */
import type { BootstrapNetwork } from '../cluster/bootstrap-network.js';
import type { MemberRecord } from '../cluster/member-record.js';
import type { ClusterId, MemberId } from '../ids.js';
import { errorOf } from '../errors.js';
import type { PeerTransport } from '../peer/transport.js';
import { utf8 } from '../wire/buffer.js';
import type { HashProblem, StoreHash } from './store-hash.js';

export const HASH_PATH = '/members/hashkv';

/** In the words that members of both kinds compare. */
export const hashRefusals: Readonly<Record<HashProblem, string>> = {
  compacted: 'mvcc: required revision has been compacted',
  future: 'mvcc: required revision is a future revision',
};

/** What a member said: its hash, why it has none, or what went wrong. */
export type PeerHashAnswer =
  | ({ readonly type: 'hash'; readonly id: MemberId } & StoreHash)
  | { readonly type: 'none'; readonly id: MemberId; readonly reason: string };

/** Of a member that is connected. Never rejects. */
export async function askHash(
  peers: Pick<PeerTransport, 'call'>,
  id: MemberId,
  revision: number,
  timeoutMs: number,
): Promise<PeerHashAnswer> {
  try {
    const body = bodyOf(revision);
    const request = { method: 'GET', path: HASH_PATH, body, timeoutMs } as const;
    return answerOf(id, await peers.call(id, request));
  } catch (error) {
    return { type: 'none', id, reason: errorOf(error).message };
  }
}

export interface HashLookup {
  readonly network: Pick<BootstrapNetwork, 'get'>;
  readonly clusterId: ClusterId;
  readonly revision: number;
  /** For one address. */
  readonly timeoutMs: number;
}

/** Of a member to which there is no link yet, at its addresses, until one of them gives a hash. Never rejects. */
export async function lookUpHash(
  { id, peerUrls }: Pick<MemberRecord, 'id' | 'peerUrls'>,
  { network, clusterId, revision, timeoutMs }: HashLookup,
): Promise<PeerHashAnswer> {
  let reason = 'it has no address';
  for (const url of peerUrls) {
    try {
      const question = { clusterId, body: bodyOf(revision) };
      const answer = answerOf(id, await network.get(url + HASH_PATH, timeoutMs, question));
      if (answer.type === 'hash') return answer;
      ({ reason } = answer);
    } catch (error) {
      reason = errorOf(error).message;
    }
  }
  return { type: 'none', id, reason };
}

const bodyOf = (revision: number): Uint8Array => utf8(JSON.stringify({ revision }));

/** Throws on what is no such answer. */
function answerOf(
  id: MemberId,
  { status, body }: { readonly status: number; readonly body: Buffer },
): PeerHashAnswer {
  const text = body.toString('utf8');
  if (status !== 200) return { type: 'none', id, reason: text.trim() };
  return { type: 'hash', id, ...hashFromJson(text) };
}

/** As Go writes it: what is zero is left out. */
export function hashToJson({ hash, compactRevision, hashRevision, revision }: StoreHash): string {
  const fields: readonly (readonly [string, number])[] = [
    ['hash', hash],
    ['compact_revision', compactRevision],
    ['hash_revision', hashRevision],
  ];
  const header = revision === 0 ? '{}' : `{"revision":${revision}}`;
  const rest = fields
    .filter(([, value]) => value !== 0)
    .map(([name, value]) => `"${name}":${value}`);
  return `{${[`"header":${header}`, ...rest].join(',')}}`;
}

/** Throws on what is no such answer. */
export function hashFromJson(text: string): StoreHash {
  const fields = fieldsOf(JSON.parse(text));
  return {
    hash: numberIn(fields, 'hash'),
    compactRevision: numberIn(fields, 'compact_revision'),
    hashRevision: numberIn(fields, 'hash_revision'),
    revision: numberIn(fieldsOf(fields['header'] ?? {}), 'revision'),
  };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new TypeError('the answer is no object');
  return { ...value };
}

function numberIn(fields: Readonly<Record<string, unknown>>, name: string): number {
  const value = fields[name] ?? 0;
  if (!Number.isSafeInteger(value)) throw new TypeError(`${name} is no whole number`);
  return Number(value);
}
