/**
 * Questions about leases that only the leader can answer, asked on any member: answered here by the leader, else passed on to it,
 * again and again until it answers or time is up (rpc.md §7.3, §7.4; etcd v3.7.1 server/etcdserver/v3_server.go).
 */
import type { LeaseId } from '@kv/lease';
import { keyFromBytes, keyToBytes } from '@kv/mvcc';
import { LeaseKeepAliveRequest, LeaseKeepAliveResponse } from '@kv/proto';
import { LeaseInternalRequest, LeaseInternalResponse } from '@kv/proto/internal';
import type { Clock, Timer } from '../clock.js';
import { counterFromInt64, int64FromCounter } from '../grpc/int64.js';
import type { MemberId } from '../ids.js';
import type { PeerAnswer, PeerRequest } from '../peer/transport.js';
import type {
  Cancel,
  LeaseAnswer,
  LeaseListener,
  PrimaryAnswers,
  RemainingTime,
  Renewal,
} from './primary-answers.js';

/** Where members ask one another (http.md §12.2). */
export const RENEW_PATH = '/leases';
export const TIME_TO_LIVE_PATH = '/leases/internal';

/** A member without a leader, or whose leader did not answer, tries again after this long. */
const RETRY_MS = 50;

const STATUS_OK = 200;
const STATUS_NOT_FOUND = 404;
/** The body with it, which tells it from a path that is not there. */
const LEASE_NOT_FOUND = 'lease not found';

export interface LeaseQuestionsParts {
  readonly primary: Pick<PrimaryAnswers, 'isPrimary' | 'renew' | 'timeToLive'>;
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
  readonly self: MemberId;
  /** 0n when none is known. */
  readonly leaderId: () => MemberId;
  readonly call: (id: MemberId, request: PeerRequest) => Promise<PeerAnswer>;
}

/** One kind of question: how the leader answers it, and how it travels. */
interface Question<T> {
  readonly here: (listener: LeaseListener<T>) => Cancel;
  readonly path: string;
  readonly body: Uint8Array;
  readonly read: (body: Uint8Array) => T;
}

export class LeaseQuestions {
  readonly #parts: LeaseQuestionsParts;

  constructor(parts: LeaseQuestionsParts) {
    this.#parts = parts;
  }

  renew(id: LeaseId, listener: LeaseListener<Renewal>): Cancel {
    const question: Question<Renewal> = {
      here: (answered) => this.#parts.primary.renew(id, answered),
      path: RENEW_PATH,
      body: LeaseKeepAliveRequest.encode({ ID: id }).finish(),
      read: (body) => {
        const { TTL } = LeaseKeepAliveResponse.decode(body);
        return { ttlSeconds: counterFromInt64(TTL) };
      },
    };
    return new Asking(question, this.#parts, listener).begin();
  }

  timeToLive(id: LeaseId, withKeys: boolean, listener: LeaseListener<RemainingTime>): Cancel {
    const question: Question<RemainingTime> = {
      here: (answered) => this.#parts.primary.timeToLive(id, withKeys, answered),
      path: TIME_TO_LIVE_PATH,
      body: LeaseInternalRequest.encode({
        LeaseTimeToLiveRequest: { ID: id, keys: withKeys },
      }).finish(),
      read: readRemainingTime,
    };
    return new Asking(question, this.#parts, listener).begin();
  }
}

/** What {@link readRemainingTime} reads. */
export function writeRemainingTime(id: LeaseId, time: RemainingTime): Uint8Array {
  return LeaseInternalResponse.encode({
    LeaseTimeToLiveResponse: {
      header: undefined,
      ID: id,
      TTL: int64FromCounter(time.ttlSeconds),
      grantedTTL: int64FromCounter(time.grantedTtlSeconds),
      keys: time.keys.map(keyToBytes),
    },
  }).finish();
}

/** Throws for bytes that are no such answer. */
function readRemainingTime(body: Uint8Array): RemainingTime {
  const { LeaseTimeToLiveResponse: answer } = LeaseInternalResponse.decode(body);
  return {
    ttlSeconds: counterFromInt64(answer?.TTL ?? 0n),
    grantedTtlSeconds: counterFromInt64(answer?.grantedTTL ?? 0n),
    keys: (answer?.keys ?? []).map(keyFromBytes),
  };
}

/** One question on its way, until it is answered, cancelled, or out of time. */
class Asking<T> {
  readonly #question: Question<T>;
  readonly #parts: LeaseQuestionsParts;
  readonly #listener: LeaseListener<T>;
  readonly #deadlineMs: number;
  #stop: Cancel = () => undefined;
  #over = false;

  constructor(question: Question<T>, parts: LeaseQuestionsParts, listener: LeaseListener<T>) {
    this.#question = question;
    this.#parts = parts;
    this.#listener = listener;
    this.#deadlineMs = parts.clock.monotonicMs() + parts.requestTimeoutMs;
  }

  begin(): Cancel {
    this.#ask();
    return () => {
      this.#over = true;
      this.#stop();
    };
  }

  #ask(): void {
    if (this.#over) return;
    const { primary, clock, self, leaderId } = this.#parts;
    if (primary.isPrimary) {
      this.#stop = this.#question.here((answer) => {
        this.#answer(answer);
      });
      return;
    }
    const leader = leaderId();
    const leftMs = this.#deadlineMs - clock.monotonicMs();
    if (leftMs <= 0) {
      this.#answer({ type: 'failed', problem: leader === 0n ? 'noLeader' : 'timedOut' });
    } else if (leader === 0n || leader === self) this.#again();
    else this.#askLeader(leader, leftMs);
  }

  #askLeader(leader: MemberId, timeoutMs: number): void {
    const { path, body, read } = this.#question;
    this.#parts
      .call(leader, { method: 'POST', path, body, timeoutMs })
      .then((answer) => {
        if (answer.status === STATUS_OK) this.#answer({ type: 'known', value: read(answer.body) });
        else if (isNotFound(answer)) this.#answer({ type: 'notFound' });
        else this.#again();
      })
      .catch(() => {
        // Not reached, or no answer to this question: leadership may be elsewhere by now.
        this.#again();
      });
  }

  #again(): void {
    if (this.#over) return;
    const retry: Timer = this.#parts.clock.after(RETRY_MS, () => {
      this.#ask();
    });
    this.#stop = () => {
      retry.cancel();
    };
  }

  #answer(answer: LeaseAnswer<T>): void {
    if (this.#over) return;
    this.#over = true;
    this.#listener(answer);
  }
}

function isNotFound({ status, body }: PeerAnswer): boolean {
  return status === STATUS_NOT_FOUND && body.toString('utf8').trim() === LEASE_NOT_FOUND;
}
