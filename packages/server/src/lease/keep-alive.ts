/**
 * One stream of renewals: requests are handled strictly one after the other, each answered once (rpc.md §7.3). Bounded: the
 * client is read no further while {@link WAITING_MAX} requests wait.
 */
import { LeaseKeepAliveRequest, LeaseKeepAliveResponse } from '@kv/proto';
import type { LeaseCheckpoint, LeaseId } from '@kv/lease';
import type { StreamCall } from '@kv/rpc';
import type { Clock, Timer } from '../clock.js';
import type { ResponseHeaders } from '../grpc/header.js';
import { int64FromCounter } from '../grpc/int64.js';
import { readRequest } from '../grpc/request-bytes.js';
import { rpcErrorOf, type CallProblem } from '../grpc/status.js';
import type { LeaseEngine } from './lease-engine.js';

const WAITING_MAX = 1024;
/** A member without a leader, or that has just become one, looks again after this long. */
const RETRY_MS = 50;

export interface KeepAliveParts {
  readonly engine: LeaseEngine;
  readonly headers: ResponseHeaders;
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
  readonly currentRevision: () => number;
  readonly hasLeader: () => boolean;
  /** Calls back with true once everything committed is applied, false when that takes too long. */
  readonly whenCaughtUp: (then: (caughtUp: boolean) => void) => void;
}

export class KeepAliveCall {
  readonly #call: StreamCall;
  readonly #parts: KeepAliveParts;
  #waiting: LeaseId[] = [];
  #busy = false;
  #halfClosed = false;
  #ended = false;
  #paused = false;
  #stopWaiting: () => void = () => undefined;

  constructor(call: StreamCall, parts: KeepAliveParts) {
    this.#call = call;
    this.#parts = parts;
  }

  start(): void {
    this.#call.onMessage((message) => {
      const request = readRequest(this.#call, () => LeaseKeepAliveRequest.decode(message));
      if (request === undefined) {
        this.#end();
        return;
      }
      this.#waiting.push(request.ID as LeaseId);
      if (this.#waiting.length >= WAITING_MAX && !this.#paused) {
        this.#paused = true;
        this.#call.pause();
      }
      this.#next();
    });
    this.#call.onHalfClose(() => {
      this.#halfClosed = true;
      this.#next();
    });
    this.#call.onCancel(() => {
      this.#end();
    });
  }

  #next(): void {
    if (this.#busy || this.#ended) return;
    const id = this.#waiting.shift();
    if (id === undefined) {
      if (this.#halfClosed) {
        this.#end();
        this.#call.end();
      }
      return;
    }
    if (this.#paused && this.#waiting.length < WAITING_MAX / 2) {
      this.#paused = false;
      this.#call.resume();
    }
    this.#busy = true;
    // The header shows the revision from before the renewal.
    const revision = this.#parts.currentRevision();
    this.#whenPrimary(this.#parts.clock.monotonicMs(), () => {
      this.#renew(id, revision, false);
    });
  }

  /** Waits for leadership of this member; other members can not be asked yet. */
  #whenPrimary(startedMs: number, then: () => void): void {
    const { engine, clock, requestTimeoutMs, hasLeader } = this.#parts;
    if (engine.isPrimary) {
      engine.confirmLeadership((leads) => {
        if (this.#ended) return;
        if (leads) then();
        else this.#fail('notPrimaryLessor');
      });
      return;
    }
    if (clock.monotonicMs() - startedMs >= requestTimeoutMs) {
      this.#fail(hasLeader() ? 'timedOut' : 'noLeader');
      return;
    }
    const retry: Timer = clock.after(RETRY_MS, () => {
      this.#whenPrimary(startedMs, then);
    });
    this.#stopWaiting = () => {
      retry.cancel();
    };
  }

  #renew(id: LeaseId, revision: number, caughtUp: boolean): void {
    const { engine } = this.#parts;
    const outcome = engine.renew(id);
    switch (outcome.type) {
      case 'renewed':
        if (outcome.clear === undefined) this.#answer(id, revision, outcome.ttlSeconds);
        else this.#clear(id, revision, outcome.clear);
        return;
      case 'expired':
        // The answer waits until it is gone, or leadership is: then it is looked for again.
        this.#stopWaiting = engine.onceGone(id, () => {
          this.#renew(id, revision, true);
        });
        return;
      case 'not_found':
        if (caughtUp) this.#answer(id, revision, 0);
        else this.#catchUp(id, revision);
        return;
      case 'not_primary':
        this.#fail('notPrimaryLessor');
        return;
    }
  }

  /** The lease may be in an entry that is committed and not applied yet. */
  #catchUp(id: LeaseId, revision: number): void {
    this.#parts.whenCaughtUp((caughtUp) => {
      if (this.#ended) return;
      if (caughtUp) this.#renew(id, revision, true);
      else this.#fail('waitAppliedIndexTimeout');
    });
  }

  /** A recorded remainder is cleared through the log first; only the renewal after that is an answer. */
  #clear(id: LeaseId, revision: number, checkpoint: LeaseCheckpoint): void {
    this.#parts.engine.clearCheckpoint(checkpoint, (applied) => {
      if (this.#ended) return;
      if (applied) this.#renew(id, revision, true);
      else this.#fail('timedOut');
    });
  }

  #answer(id: LeaseId, revision: number, ttlSeconds: number): void {
    if (this.#ended) return;
    this.#call.write(
      LeaseKeepAliveResponse.encode({
        header: this.#parts.headers.message(revision),
        ID: id,
        TTL: int64FromCounter(ttlSeconds),
      }).finish(),
    );
    this.#busy = false;
    this.#next();
  }

  #fail(problem: CallProblem): void {
    if (this.#ended) return;
    this.#end();
    this.#call.fail(rpcErrorOf(problem));
  }

  #end(): void {
    this.#ended = true;
    this.#waiting = [];
    this.#stopWaiting();
  }
}
