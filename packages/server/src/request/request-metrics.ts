/** How long requests take inside of the server, those of the log and those that only read (metrics.md §3.1). */
import { commandNames } from '../apply/command.js';
import type { Outcome } from '../apply/outcome.js';
import type { Clock } from '../clock.js';
import type { Logger } from '../logger.js';
import { doublingBuckets } from '../metric-buckets.js';
import { OutcomeLines } from '../metrics.js';
import type { Counter, Metrics } from '../metrics.js';
import type { ReadFailure } from './linearizable.js';
import type { Proposal } from './proposal.js';

export class RequestMetrics {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #slowMs: number;
  readonly #requests: OutcomeLines;
  readonly #ranges: OutcomeLines;
  readonly #failed: Counter;
  readonly #slowRounds: Counter;
  readonly #failedRounds: Counter;

  /** `slowMs`: a request that takes longer, from its arrival to its answer, is logged. */
  constructor(clock: Clock, logger: Logger, metrics: Metrics, slowMs: number) {
    this.#clock = clock;
    this.#logger = logger;
    this.#slowMs = slowMs;
    const requests = metrics.histogram(
      'etcd_server_request_duration_seconds',
      'Time of a request inside of the server.',
      doublingBuckets(0.001, 14),
      ['type', 'success'],
    );
    const ranges = metrics.histogram(
      'etcd_server_range_duration_seconds',
      'Time of one range against the store.',
      doublingBuckets(0.0001, 20),
      ['success'],
    );
    this.#requests = new OutcomeLines((type, success) => requests.of(type, success));
    this.#ranges = new OutcomeLines((_type, success) => ranges.of(success));
    this.#failed = metrics.counter(
      'etcd_server_proposals_failed_total',
      'Proposals that were refused or had no result in time.',
    );
    this.#slowRounds = metrics.counter(
      'etcd_server_slow_read_indexes_total',
      'Rounds of linearizable reads without an answer in time.',
    );
    this.#failedRounds = metrics.counter(
      'etcd_server_read_indexes_failed_total',
      'Rounds of linearizable reads that failed.',
    );
  }

  /** Monotonic milliseconds. */
  now(): number {
    return this.#clock.monotonicMs();
  }

  /** A proposal of this member is answered. */
  answered(proposal: Proposal, outcome: Outcome, nowMs: number): void {
    const type = commandNames[proposal.command.type];
    this.#took(type, outcome.type !== 'rejected', nowMs - proposal.startedMs);
  }

  proposalFailed(): void {
    this.#failed.inc();
  }

  /** A read was answered: `arrivedMs` when its call came, `startedMs` when it went to the store. */
  read(
    type: 'Range' | 'ReadonlyTxn',
    success: boolean,
    arrivedMs: number,
    startedMs: number,
  ): void {
    const nowMs = this.now();
    if (type === 'Range') this.#ranges.get(type, success).observe((nowMs - startedMs) / 1000);
    this.#took(type, success, nowMs - arrivedMs);
  }

  /** A round of linearizable reads ended without an index. */
  roundFailed(failure: ReadFailure): void {
    if (failure === 'timedOut') this.#slowRounds.inc();
    else if (failure === 'leaderChanged') this.#failedRounds.inc();
  }

  #took(type: string, success: boolean, tookMs: number): void {
    this.#requests.get(type, success).observe(tookMs / 1000);
    if (tookMs <= this.#slowMs) return;
    this.#logger.log('warn', 'request stats', {
      'time spent': `${tookMs.toFixed(3)}ms`,
      request: type,
    });
  }
}
