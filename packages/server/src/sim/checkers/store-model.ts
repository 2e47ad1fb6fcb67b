/**
 * The whole replicated state, as one thread without faults would have it: every entry of the log in its order, each with the answer
 * and the events that it must give. What members do is compared with this.
 */
import type { DeleteRangeResponse, PutResponse, TxnResponse } from '@kv/proto';
import type { DeleteRangeRequest, Event, PutRequest, RequestOp, ResponseOp } from '@kv/proto';
import type { InternalRaftRequest } from '@kv/proto/internal';
import { KeyModel, keyText } from './key-model.js';
import { planOf, refusalOf, type Refusal, type TxnGround, type TxnPlan } from './txn-model.js';

export type ModelAnswer =
  | { readonly type: 'put'; readonly response: PutResponse }
  | { readonly type: 'deleteRange'; readonly response: DeleteRangeResponse }
  | { readonly type: 'txn'; readonly response: TxnResponse }
  | { readonly type: 'done' }
  | ({ readonly type: 'refused' } & Refusal);

/** What an entry did. */
export interface ModelStep {
  readonly index: number;
  readonly request: InternalRaftRequest;
  readonly answer: ModelAnswer;
  /** After it. */
  readonly revision: number;
  /** In order; all of `revision`. Empty when it changed no key. */
  readonly events: readonly Event[];
}

export class StoreModel {
  readonly keys: KeyModel = new KeyModel();
  /** Lowest revision that can be read; -1 before any compaction. */
  compactRevision = -1;
  #revision = 1;
  #leases = new Map<bigint, Set<string>>();
  #leaseOf = new Map<string, bigint>();
  /** The step that made each revision. */
  readonly #makers = new Map<number, ModelStep>();

  get revision(): number {
    return this.#revision;
  }

  /** The step that made this revision; undefined for 1, and for what does not exist. */
  maker(revision: number): ModelStep | undefined {
    return this.#makers.get(revision);
  }

  /** For a transaction that begins when the store is at this revision. */
  ground(revision: number): TxnGround {
    return {
      keys: this.keys,
      revision,
      compactRevision: this.compactRevision,
      hasLease: (id) => this.#leases.has(id),
    };
  }

  apply(index: number, request: InternalRaftRequest): ModelStep {
    const events: Event[] = [];
    const answer = this.#execute(request, events);
    if (events.length > 0) this.#revision += 1;
    const step: ModelStep = { index, request, answer, revision: this.#revision, events };
    if (events.length > 0) this.#makers.set(this.#revision, step);
    return step;
  }

  #execute(request: InternalRaftRequest, events: Event[]): ModelAnswer {
    if (request.put !== undefined) return this.#put(request.put, events);
    if (request.deleteRange !== undefined) {
      return { type: 'deleteRange', response: this.#delete(request.deleteRange, events) };
    }
    if (request.txn !== undefined) {
      const ground = this.ground(this.#revision);
      const plan = planOf(request.txn, ground);
      const refusal = refusalOf(plan, ground);
      if (refusal !== undefined) return { type: 'refused', ...refusal };
      return { type: 'txn', response: this.#run(plan, events) };
    }
    if (request.compaction !== undefined) return this.#compact(Number(request.compaction.revision));
    if (request.leaseGrant !== undefined) {
      const { ID } = request.leaseGrant;
      if (this.#leases.has(ID)) return { type: 'refused', refused: 'lease exists' };
      this.#leases.set(ID, new Set());
    }
    if (request.leaseRevoke !== undefined) return this.#revoke(request.leaseRevoke.ID, events);
    return { type: 'done' };
  }

  #put(put: PutRequest, events: Event[]): ModelAnswer {
    const previous = this.keys.get(keyText(put.key), this.#revision);
    if (put.lease !== 0n && !this.#leases.has(put.lease)) {
      return { type: 'refused', refused: 'lease not found' };
    }
    if ((put.ignoreValue || put.ignoreLease) && previous === undefined) {
      return { type: 'refused', refused: 'key not found' };
    }
    return { type: 'put', response: this.#write(put, events) };
  }

  #write(put: PutRequest, events: Event[]): PutResponse {
    const key = keyText(put.key);
    const next = this.#revision + 1;
    const previous = this.keys.get(key, next);
    const value = put.ignoreValue ? (previous?.value ?? put.value) : put.value;
    const lease = put.ignoreLease ? (previous?.lease ?? put.lease) : put.lease;
    events.push(this.keys.put(key, value, lease, next));
    this.#detach(key);
    this.#leases.get(lease)?.add(key);
    if (this.#leases.has(lease)) this.#leaseOf.set(key, lease);
    return { header: undefined, prevKv: put.prevKv ? previous : undefined };
  }

  #delete({ key, rangeEnd, prevKv }: DeleteRangeRequest, events: Event[]): DeleteRangeResponse {
    const next = this.#revision + 1;
    const found = this.keys.list(keyText(key), keyText(rangeEnd), next);
    for (const kv of found) this.#remove(keyText(kv.key), events);
    return { header: undefined, deleted: BigInt(found.length), prevKvs: prevKv ? found : [] };
  }

  #remove(key: string, events: Event[]): void {
    const event = this.keys.delete(key, this.#revision + 1);
    if (event !== undefined) events.push(event);
    this.#detach(key);
  }

  #detach(key: string): void {
    const lease = this.#leaseOf.get(key);
    if (lease === undefined) return;
    this.#leases.get(lease)?.delete(key);
    this.#leaseOf.delete(key);
  }

  #run({ succeeded, ops }: TxnPlan, events: Event[]): TxnResponse {
    const responses = ops.map(({ op: { request }, nested }): ResponseOp => ({
      response: this.#runOp(request, nested, events),
    }));
    return { header: undefined, succeeded, responses };
  }

  #runOp(
    request: RequestOp['request'],
    nested: TxnPlan | undefined,
    events: Event[],
  ): ResponseOp['response'] {
    switch (request?.$case) {
      case 'requestPut':
        return { $case: 'responsePut', value: this.#write(request.value, events) };
      case 'requestDeleteRange':
        return { $case: 'responseDeleteRange', value: this.#delete(request.value, events) };
      case 'requestRange': {
        const at = Number(request.value.revision);
        const value = this.keys.range(request.value, at > 0 ? at : this.#revision + 1);
        return { $case: 'responseRange', value };
      }
      case 'requestTxn':
        return nested === undefined
          ? undefined
          : { $case: 'responseTxn', value: this.#run(nested, events) };
      case undefined:
        return undefined;
    }
  }

  #compact(revision: number): ModelAnswer {
    if (revision > this.#revision) return { type: 'refused', refused: 'future' };
    if (revision <= this.compactRevision) return { type: 'refused', refused: 'compacted' };
    this.compactRevision = revision;
    return { type: 'done' };
  }

  /** All keys of the lease go in one revision, in key order. */
  #revoke(id: bigint, events: Event[]): ModelAnswer {
    const keys = this.#leases.get(id);
    if (keys === undefined) return { type: 'refused', refused: 'lease not found' };
    this.#leases.delete(id);
    const sorted = [...keys].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    for (const key of sorted) this.#remove(key, events);
    return { type: 'done' };
  }
}
