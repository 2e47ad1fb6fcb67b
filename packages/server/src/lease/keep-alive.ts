/**
 * One stream of renewals: requests are handled strictly one after the other, each answered once (rpc.md §7.3). Bounded: the
 * client is read no further while {@link WAITING_MAX} requests wait.
 */
import { LeaseKeepAliveRequest, LeaseKeepAliveResponse } from '@kv/proto';
import type { LeaseId } from '@kv/lease';
import type { StreamCall } from '@kv/rpc';
import type { ResponseHeaders } from '../grpc/header.js';
import { int64FromCounter } from '../grpc/int64.js';
import { readRequest } from '../grpc/request-bytes.js';
import { rpcErrorOf, type CallProblem } from '../grpc/status.js';
import type { LeaseQuestions } from './lease-questions.js';

const WAITING_MAX = 1024;

export interface KeepAliveParts {
  readonly questions: LeaseQuestions;
  readonly headers: ResponseHeaders;
  readonly currentRevision: () => number;
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
    this.#stopWaiting = this.#parts.questions.renew(id, (answer) => {
      if (this.#ended) return;
      switch (answer.type) {
        case 'known':
          this.#answer(id, revision, answer.value.ttlSeconds);
          return;
        case 'notFound':
          this.#answer(id, revision, 0);
          return;
        case 'failed':
          this.#fail(answer.problem);
          return;
      }
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
