/** Who leads, as this member sees it, and since when it leads itself. Changed by the loop's turns only. */
import type { SoftState } from '@kv/raft';
import type { Clock } from '../clock.js';
import type { Logger } from '../logger.js';
import type { MemberId } from '../ids.js';
import type { ReplicaMetrics } from './replica-metrics.js';

const NOBODY = 0n as MemberId;

export interface LeadershipListener {
  /** A leader other than the one before, if there was one. */
  readonly leaderChanged: () => void;
  /** This member stopped leading. */
  readonly deposed: () => void;
}

export class Leadership {
  readonly #self: MemberId;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #metrics: ReplicaMetrics;
  readonly #listener: LeadershipListener;
  #leader: MemberId = NOBODY;
  #sinceMs: number | undefined;

  constructor(
    self: MemberId,
    ports: { readonly clock: Clock; readonly logger: Logger; readonly metrics: ReplicaMetrics },
    listener: LeadershipListener,
  ) {
    this.#self = self;
    this.#clock = ports.clock;
    this.#logger = ports.logger;
    this.#metrics = ports.metrics;
    this.#listener = listener;
  }

  /** 0n while none is known. */
  get leaderId(): MemberId {
    return this.#leader;
  }

  get isLeader(): boolean {
    return this.#sinceMs !== undefined;
  }

  /** Monotonic time at which this member became leader; undefined while it is not. */
  get leaderSinceMs(): number | undefined {
    return this.#sinceMs;
  }

  update(state: SoftState): void {
    const before = this.#leader;
    const led = this.isLeader;
    this.#leader = state.leader;
    const leads = state.role === 'leader';
    if (leads && !led) this.#sinceMs = this.#clock.monotonicMs();
    if (!leads) this.#sinceMs = undefined;

    const changed = state.leader !== NOBODY && state.leader !== before;
    this.#metrics.leadership(state.leader !== NOBODY, leads, changed);
    if (before !== state.leader) {
      this.#logger.log('info', state.leader === NOBODY ? 'lost its leader' : 'follows a leader', {
        'local-member-id': this.#self,
        'leader-member-id': state.leader,
      });
    }
    if (changed) this.#listener.leaderChanged();
    if (led && !leads) this.#listener.deposed();
  }
}
