/**
 * Watches the applier work: durations and counts under etcd's names (metrics.md §3.1, §3.2, §3.5). It has the clock, so that
 * the applier needs none; nothing that it sees changes what is applied.
 */
import type { Clock } from '../clock.js';
import type { Logger } from '../logger.js';
import { doublingBuckets } from '../metric-buckets.js';
import { OutcomeLines } from '../metrics.js';
import type { Counter, Histogram, Metrics } from '../metrics.js';
import { commandNames, type Command } from './command.js';
import type { Outcome, TxnOpOutcome } from './outcome.js';

export interface ApplyObserver {
  /** A request begins to be applied. */
  started(): void;
  /** It ended so. */
  applied(command: Command, outcome: Outcome): void;
  /** The transaction of a batch begins to be committed, and has been. */
  committing(): void;
  committed(): void;
}

export class ApplyMetrics implements ApplyObserver {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #slowMs: number;
  readonly #duration: OutcomeLines;
  readonly #slow: Counter;
  readonly #commit: Histogram;
  readonly #puts: Counter;
  readonly #deletes: Counter;
  readonly #ranges: Counter;
  readonly #txns: Counter;
  readonly #granted: Counter;
  readonly #revoked: Counter;
  readonly #ttl: Histogram;
  #startedMs = 0;

  /** `slowMs`: what takes longer is counted and logged. */
  constructor(clock: Clock, logger: Logger, metrics: Metrics, slowMs: number) {
    this.#clock = clock;
    this.#logger = logger;
    this.#slowMs = slowMs;
    const duration = metrics.histogram(
      'etcd_server_apply_duration_seconds',
      'Time to apply one committed request.',
      doublingBuckets(0.0001, 20),
      ['version', 'op', 'success'],
    );
    this.#duration = new OutcomeLines((op, success) => duration.of('v3', op, success));
    this.#slow = metrics.counter(
      'etcd_server_slow_apply_total',
      'Requests that took longer to apply than the warning duration.',
    );
    this.#commit = metrics.histogram(
      'etcd_disk_backend_commit_duration_seconds',
      'Time to commit the transaction of one batch.',
      doublingBuckets(0.001, 14),
    );
    this.#puts = metrics.counter('etcd_mvcc_put_total', 'Put operations.');
    this.#deletes = metrics.counter('etcd_mvcc_delete_total', 'Delete-range operations.');
    this.#ranges = metrics.counter('etcd_mvcc_range_total', 'Range operations.');
    this.#txns = metrics.counter('etcd_mvcc_txn_total', 'Requests of more than one operation.');
    this.#granted = metrics.counter('etcd_debugging_lease_granted_total', 'Leases granted.');
    this.#revoked = metrics.counter(
      'etcd_debugging_lease_revoked_total',
      'Leases revoked, also because they ran out.',
    );
    this.#ttl = metrics.histogram(
      'etcd_debugging_lease_ttl_total',
      'Time to live of each lease granted, in seconds.',
      doublingBuckets(1, 24),
    );
  }

  started(): void {
    this.#startedMs = this.#clock.monotonicMs();
  }

  applied(command: Command, outcome: Outcome): void {
    const tookMs = this.#clock.monotonicMs() - this.#startedMs;
    const success = outcome.type !== 'rejected' || outcome.reason === 'compacted';
    const op = commandNames[command.type];
    this.#duration.get(op, success).observe(tookMs / 1000);
    if (tookMs > this.#slowMs) this.#tellSlow(op, tookMs);
    this.#count(outcome);
  }

  committing(): void {
    this.#startedMs = this.#clock.monotonicMs();
  }

  committed(): void {
    this.#commit.observe((this.#clock.monotonicMs() - this.#startedMs) / 1000);
  }

  #tellSlow(op: string, tookMs: number): void {
    this.#slow.inc();
    this.#logger.log('warn', 'apply request took too long', {
      took: `${tookMs.toFixed(3)}ms`,
      'expected-duration': `${this.#slowMs}ms`,
      request: op,
    });
  }

  #count(outcome: Outcome): void {
    switch (outcome.type) {
      case 'put':
      case 'deleteRange':
        this.#countOp(outcome);
        return;
      case 'txn':
        if (outcome.responses.length > 1) this.#txns.inc();
        for (const response of outcome.responses) this.#countOp(response);
        return;
      case 'leaseGrant':
        this.#granted.inc();
        this.#ttl.observe(outcome.ttlSeconds);
        return;
      case 'leaseRevoke':
        this.#revoked.inc();
        return;
      case 'compact':
      case 'alarm':
      case 'done':
      case 'rejected':
        return;
    }
  }

  #countOp(outcome: TxnOpOutcome): void {
    if (outcome.type === 'put') this.#puts.inc();
    else if (outcome.type === 'deleteRange') this.#deletes.inc();
    else if (outcome.type === 'range') this.#ranges.inc();
    else if (outcome.type === 'txn') {
      for (const response of outcome.responses) this.#countOp(response);
    }
  }
}
