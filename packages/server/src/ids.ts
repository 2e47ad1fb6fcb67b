/** The identifiers that a member deals in. 64 bits, so bigints; branded, so that one kind is not taken for another. */
import type { NodeId } from '@kv/raft';
import type { Brand } from './brand.js';

/** A member of the cluster. The same number as its raft {@link NodeId}. */
export type MemberId = NodeId;

export type ClusterId = Brand<bigint, 'ClusterId'>;

/**
 * One request of one member: 48 bits, so a number; together with 16 bits of the member's id it makes etcd's 64-bit request
 * id (see `request/request-id.ts`).
 */
export type RequestSequence = Brand<number, 'RequestSequence'>;
