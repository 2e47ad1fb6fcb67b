/**
 * Promotion of a learner: only the leader knows how far the learner is, so other members pass the request on to it, again and
 * again until it answers or time is up (rpc.md §8.5; etcd v3.7.1 server/etcdserver/server.go `PromoteMember`).
 */
import type { LogIndex, ProgressStatus } from '@kv/raft';
import type { Clock, Timer } from '../clock.js';
import type { MemberId } from '../ids.js';
import type { Counter } from '../metrics.js';
import type { PeerAnswer, PeerRequest } from '../peer/transport.js';
import { PROMOTION_RETRY_MS } from './limits.js';
import { membersFromJson, promotionToJson, type MemberRecord } from './member-record.js';
import type { Reconfiguration, ReconfigurationFailure } from './reconfiguration.js';
import type { StrictProblem } from './strict-check.js';
import { utf8 } from '../wire/buffer.js';

/** Where members pass promotions on; the id follows, in decimal (http.md §12.2). */
export const PROMOTE_PATH = '/members/promote/';

/** What the peer port says of the refusals that are final. Members of both kinds compare the text. */
export const promotionRefusals = {
  memberNotFound: { status: 404, text: 'membership: ID not found' },
  notLearner: { status: 412, text: 'membership: can only promote a learner member' },
  learnerNotReady: {
    status: 412,
    text: 'etcdserver: can only promote a learner member which is in sync with leader',
  },
} as const;

/** A learner is in sync when it has this part of what the leader has (etcd's readyPercentThreshold). */
const READY_PART = 0.9;

const NO_BODY: Uint8Array = new Uint8Array(0);
const STATUS_OK = 200;

export type PromotionFailure =
  | ReconfigurationFailure
  | StrictProblem
  | 'learnerNotReady'
  | 'waitAppliedIndexTimeout'
  | 'noLeader'
  | 'timedOut';

export interface PromotionListener {
  /** All members afterwards, ascending by id. */
  promoted(members: readonly MemberRecord[]): void;
  failed(failure: PromotionFailure): void;
}

export interface PromotionParts {
  readonly reconfiguration: Pick<Reconfiguration, 'propose'>;
  readonly members: () => readonly MemberRecord[];
  /** What the strict check says to one more voter. */
  readonly check: () => StrictProblem | undefined;
  /** On the leader: how far each member is. Empty elsewhere. */
  readonly progress: () => ReadonlyMap<MemberId, Pick<ProgressStatus, 'match'>>;
  /** Calls back with true once everything committed is applied, false when that takes too long. */
  readonly whenCaughtUp: (then: (caughtUp: boolean) => void) => void;
  readonly self: MemberId;
  /** 0n when none is known. */
  readonly leaderId: () => MemberId;
  readonly call: (id: MemberId, request: PeerRequest) => Promise<PeerAnswer>;
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
  /** Of promotions that this member, as leader, has made; and of those that failed, by reason. */
  readonly metrics: {
    readonly promoted: Counter;
    readonly refused: (why: PromotionFailure) => void;
  };
}

export class Promotion {
  readonly #parts: PromotionParts;

  constructor(parts: PromotionParts) {
    this.#parts = parts;
  }

  /** Returns how to stop waiting: nothing is called back any more. */
  promote(id: MemberId, listener: PromotionListener): () => void {
    return new Promoting(id, this.#parts, listener).begin();
  }
}

/** One promotion on its way. */
class Promoting {
  readonly #id: MemberId;
  readonly #parts: PromotionParts;
  readonly #listener: PromotionListener;
  readonly #deadlineMs: number;
  #stop: () => void = () => undefined;
  #over = false;

  constructor(id: MemberId, parts: PromotionParts, listener: PromotionListener) {
    this.#id = id;
    this.#parts = parts;
    this.#listener = listener;
    this.#deadlineMs = parts.clock.monotonicMs() + parts.requestTimeoutMs;
  }

  begin(): () => void {
    this.#parts.whenCaughtUp((caughtUp) => {
      if (this.#over) return;
      if (caughtUp) this.#attempt();
      else this.#refuse('waitAppliedIndexTimeout');
    });
    return () => {
      this.#over = true;
      this.#stop();
    };
  }

  #attempt(): void {
    if (this.#over) return;
    const progress = this.#parts.progress();
    if (progress.size > 0) this.#decide(progress);
    else this.#passOn();
  }

  #decide(progress: ReturnType<PromotionParts['progress']>): void {
    const match = progress.get(this.#id)?.match;
    if (match === undefined) this.#refuse('memberNotFound');
    else if (!isInSync(match, progress.get(this.#parts.self)?.match)) {
      this.#refuse('learnerNotReady');
    } else {
      const problem = this.#parts.check();
      if (problem === undefined) this.#propose();
      else this.#refuse(problem);
    }
  }

  #propose(): void {
    const { reconfiguration, members, metrics } = this.#parts;
    const id = this.#id;
    const change = { type: 'addNode', nodeId: id, context: utf8(promotionToJson(id)) } as const;
    this.#stop = reconfiguration.propose(change, {
      applied: () => {
        metrics.promoted.inc();
        this.#promoted(members());
      },
      failed: (failure) => {
        this.#refuse(failure);
      },
    });
  }

  #passOn(): void {
    const { clock, self, leaderId, call } = this.#parts;
    const leader = leaderId();
    const timeoutMs = this.#deadlineMs - clock.monotonicMs();
    if (timeoutMs <= 0) this.#fail(leader === 0n ? 'noLeader' : 'timedOut');
    else if (leader === 0n || leader === self) this.#again();
    else {
      const path = `${PROMOTE_PATH}${String(this.#id)}`;
      call(leader, { method: 'POST', path, body: NO_BODY, timeoutMs })
        .then((answer) => {
          this.#heard(answer);
        })
        .catch(() => {
          // Not reached, or no answer to this question: leadership may be elsewhere by now.
          this.#again();
        });
    }
  }

  #heard({ status, body }: PeerAnswer): void {
    const text = body.toString('utf8');
    if (status === STATUS_OK) {
      const members = membersFromJson(text);
      if (members === undefined) this.#again();
      else this.#promoted(members);
      return;
    }
    const refusal = refusalIn(status, text.trim());
    if (refusal === undefined) this.#again();
    else this.#fail(refusal);
  }

  #again(): void {
    if (this.#over) return;
    const retry: Timer = this.#parts.clock.after(PROMOTION_RETRY_MS, () => {
      this.#attempt();
    });
    this.#stop = () => {
      retry.cancel();
    };
  }

  #promoted(members: readonly MemberRecord[]): void {
    if (this.#over) return;
    this.#over = true;
    this.#listener.promoted(members);
  }

  /** This member has decided. */
  #refuse(failure: PromotionFailure): void {
    if (!this.#over) this.#parts.metrics.refused(failure);
    this.#fail(failure);
  }

  #fail(failure: PromotionFailure): void {
    if (this.#over) return;
    this.#over = true;
    this.#listener.failed(failure);
  }
}

function isInSync(match: LogIndex, leaderMatch: LogIndex | undefined): boolean {
  return leaderMatch === undefined || match >= READY_PART * leaderMatch;
}

/** The refusal that ends a promotion; any other answer may be another one next time. */
function refusalIn(status: number, text: string): keyof typeof promotionRefusals | undefined {
  const names = ['memberNotFound', 'notLearner', 'learnerNotReady'] as const;
  return names.find(
    (name) => promotionRefusals[name].status === status && promotionRefusals[name].text === text,
  );
}
