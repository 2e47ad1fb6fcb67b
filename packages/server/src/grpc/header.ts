/**
 * `etcdserverpb.ResponseHeader`: who answers, at which revision and term (rpc.md §4.1). The first two never change, so
 * their bytes are made once.
 */
import type { ResponseHeader } from '@kv/proto';
import type { AppliedIndex } from '../apply/applied-index.js';
import type { ClusterId, MemberId } from '../ids.js';
import {
  allocate,
  finished,
  lengthFieldSize,
  varint64Size,
  varintSize,
  writeLengthPrefix,
  writeVarint,
  writeVarint64,
} from '../wire/writer.js';
import { int64FromCounter } from './int64.js';

/** Number of the header in every response that has one. */
const HEADER_FIELD = 1;
const TAG_CLUSTER_ID = 0x08;
const TAG_MEMBER_ID = 0x10;
const TAG_REVISION = 0x18;
const TAG_TERM = 0x20;

export class ResponseHeaders {
  readonly clusterId: ClusterId;
  readonly memberId: MemberId;
  readonly #identity: Buffer;
  readonly #applied: Pick<AppliedIndex, 'term'>;

  constructor(clusterId: ClusterId, memberId: MemberId, applied: Pick<AppliedIndex, 'term'>) {
    this.clusterId = clusterId;
    this.memberId = memberId;
    this.#applied = applied;
    this.#identity = identityBytes(clusterId, memberId);
  }

  /** For the generated encoders. `revision`: 0 where a method shows none. */
  message(revision: number): ResponseHeader {
    return {
      clusterId: this.clusterId,
      memberId: this.memberId,
      revision: int64FromCounter(revision),
      raftTerm: int64FromCounter(this.#applied.term),
    };
  }

  /** Size of the header as field 1 of a response. */
  fieldSize(revision: number): number {
    return lengthFieldSize(HEADER_FIELD, this.#bodySize(revision));
  }

  /** Writes the header as field 1; returns the offset after it. Same turn as `fieldSize`. */
  writeField(into: Buffer, at: number, revision: number): number {
    let end = writeLengthPrefix(into, at, HEADER_FIELD, this.#bodySize(revision));
    into.set(this.#identity, end);
    end += this.#identity.length;
    if (revision !== 0) {
      into[end++] = TAG_REVISION;
      end = writeVarint(into, end, revision);
    }
    const { term } = this.#applied;
    if (term !== 0) {
      into[end++] = TAG_TERM;
      end = writeVarint(into, end, term);
    }
    return end;
  }

  #bodySize(revision: number): number {
    const { term } = this.#applied;
    return (
      this.#identity.length +
      (revision === 0 ? 0 : 1 + varintSize(revision)) +
      (term === 0 ? 0 : 1 + varintSize(term))
    );
  }
}

/** A header that shows a revision and nothing else, as inside of a transaction; empty for revision 0. As field 1. */
export function bareHeaderSize(revision: number): number {
  return lengthFieldSize(HEADER_FIELD, revision === 0 ? 0 : 1 + varintSize(revision));
}

export function writeBareHeader(into: Buffer, at: number, revision: number): number {
  if (revision === 0) return writeLengthPrefix(into, at, HEADER_FIELD, 0);
  const end = writeLengthPrefix(into, at, HEADER_FIELD, 1 + varintSize(revision));
  into[end] = TAG_REVISION;
  return writeVarint(into, end + 1, revision);
}

function identityBytes(clusterId: bigint, memberId: bigint): Buffer {
  const bytes = allocate(2 + varint64Size(clusterId) + varint64Size(memberId));
  bytes[0] = TAG_CLUSTER_ID;
  let at = writeVarint64(bytes, 1, clusterId);
  bytes[at++] = TAG_MEMBER_ID;
  at = writeVarint64(bytes, at, memberId);
  return finished(bytes, at);
}
