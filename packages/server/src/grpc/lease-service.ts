/** `etcdserverpb.Lease` (rpc.md §7): grant and revoke go through the log; renewal and remaining time are the leader's. */
import type { LeaseId } from '@kv/lease';
import { keyToBytes } from '@kv/mvcc';
import type { MvccStore } from '@kv/mvcc';
import {
  LeaseGrantRequest,
  LeaseGrantResponse,
  LeaseLeasesRequest,
  LeaseLeasesResponse,
  LeaseRevokeResponse,
  LeaseTimeToLiveRequest,
  LeaseTimeToLiveResponse,
} from '@kv/proto';
import type { Service, UnaryCall } from '@kv/rpc';
import { RequestField } from '../apply/entry-codec.js';
import type { Quota } from '../apply/quota.js';
import { encodeLeaseGrant } from '../apply/state-codec.js';
import type { LeaseEngine } from '../lease/lease-engine.js';
import type { RemainingTime } from '../lease/primary-answers.js';
import { KeepAliveCall, type KeepAliveParts } from '../lease/keep-alive.js';
import { RESPONSE_BYTES_MAX } from '../request/limits.js';
import type { Draft, Proposer } from '../request/proposer.js';
import type { RequestIds } from '../request/request-id.js';
import { CallWaiter, type AnswerOutcome } from './call-waiter.js';
import type { ResponseHeaders } from './header.js';
import { counterFromInt64, int64FromCounter } from './int64.js';
import { draftRequest, readRequest } from './request-bytes.js';
import { responseTooLarge, rpcErrorOf } from './status.js';
import { unreachable } from '../invariant.js';

export interface LeaseServiceParts extends KeepAliveParts {
  readonly store: MvccStore;
  readonly engine: LeaseEngine;
  readonly proposer: Proposer;
  readonly ids: RequestIds;
  readonly quota: Quota;
  readonly headers: ResponseHeaders;
  readonly raiseNoSpace: () => void;
}

export class LeaseService {
  readonly #parts: LeaseServiceParts;

  constructor(parts: LeaseServiceParts) {
    this.#parts = parts;
  }

  get service(): Service {
    return {
      name: 'etcdserverpb.Lease',
      methods: {
        LeaseGrant: { type: 'unary', handler: this.#grant },
        LeaseRevoke: { type: 'unary', handler: this.#revoke },
        LeaseKeepAlive: {
          type: 'stream',
          requestStream: true,
          handler: (call) => {
            new KeepAliveCall(call, this.#parts).start();
          },
        },
        LeaseTimeToLive: { type: 'unary', handler: this.#timeToLive },
        LeaseLeases: { type: 'unary', handler: this.#leases },
      },
    };
  }

  readonly #grant = (call: UnaryCall): void => {
    const { quota, proposer, raiseNoSpace } = this.#parts;
    const draft = readRequest(call, () => this.#grantDraft(call));
    if (draft === undefined) return;
    if (!quota.fits(draft.command)) {
      raiseNoSpace();
      call.fail(rpcErrorOf('noSpace'));
      return;
    }
    proposer.propose(draft, new CallWaiter(call, this.#answer));
  };

  /** An id of 0 is chosen here, before proposing, so that all members grant the same one. */
  #grantDraft(call: UnaryCall): Draft {
    const { proposer, ids } = this.#parts;
    const { ID, TTL } = LeaseGrantRequest.decode(call.request);
    if (ID !== 0n) return proposer.draft(RequestField.leaseGrant, call.request);
    const request = encodeLeaseGrant(ids.leaseId() as LeaseId, counterFromInt64(TTL));
    return proposer.draft(RequestField.leaseGrant, request);
  }

  readonly #revoke = (call: UnaryCall): void => {
    const draft = draftRequest(call, this.#parts.proposer, RequestField.leaseRevoke);
    if (draft !== undefined)
      this.#parts.proposer.propose(draft, new CallWaiter(call, this.#answer));
  };

  readonly #answer: AnswerOutcome = (call, outcome) => {
    const { headers } = this.#parts;
    if (outcome.type === 'leaseGrant') {
      call.reply(
        LeaseGrantResponse.encode({
          header: headers.message(outcome.revision),
          ID: outcome.id,
          TTL: int64FromCounter(outcome.ttlSeconds),
          error: '',
        }).finish(),
      );
    } else if (outcome.type === 'leaseRevoke') {
      const header = headers.message(outcome.revision);
      call.reply(LeaseRevokeResponse.encode({ header }).finish());
    } else unreachable('a request of the Lease service has an outcome of it', { ...outcome });
  };

  readonly #timeToLive = (call: UnaryCall): void => {
    const request = readRequest(call, () => LeaseTimeToLiveRequest.decode(call.request));
    if (request === undefined) return;
    const id = request.ID as LeaseId;
    const cancel = this.#parts.questions.timeToLive(id, request.keys, (answer) => {
      switch (answer.type) {
        case 'known':
          this.#answerTimeToLive(call, id, answer.value);
          return;
        case 'notFound': {
          const none = { header: this.#header(), ID: id, TTL: -1n, grantedTTL: 0n, keys: [] };
          call.reply(LeaseTimeToLiveResponse.encode(none).finish());
          return;
        }
        case 'failed':
          call.fail(rpcErrorOf(answer.problem));
          return;
      }
    });
    call.onCancel(cancel);
  };

  #header(): ReturnType<ResponseHeaders['message']> {
    return this.#parts.headers.message(this.#parts.store.revision);
  }

  #answerTimeToLive(call: UnaryCall, id: LeaseId, time: RemainingTime): void {
    const { keys } = time;
    const size = keys.reduce((sum, key) => sum + key.length + 4, 0);
    if (size > RESPONSE_BYTES_MAX) {
      call.fail(responseTooLarge(size, RESPONSE_BYTES_MAX));
      return;
    }
    call.reply(
      LeaseTimeToLiveResponse.encode({
        header: this.#header(),
        ID: id,
        TTL: int64FromCounter(time.ttlSeconds),
        grantedTTL: int64FromCounter(time.grantedTtlSeconds),
        keys: keys.map(keyToBytes),
      }).finish(),
    );
  }

  readonly #leases = (call: UnaryCall): void => {
    if (readRequest(call, () => LeaseLeasesRequest.decode(call.request)) === undefined) return;
    const { engine, headers, store } = this.#parts;
    call.reply(
      LeaseLeasesResponse.encode({
        header: headers.message(store.revision),
        leases: engine.list().map((ID) => ({ ID })),
      }).finish(),
    );
  };
}
