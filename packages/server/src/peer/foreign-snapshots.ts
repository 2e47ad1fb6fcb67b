/**
 * Snapshots of etcd that this member has refused: its leader is of etcd, and no longer has the entries that this member lacks. Counted,
 * and said with what can be done about it for as long as they come.
 */
import type { Clock } from '../clock.js';
import { hexOf } from '../grpc/int64.js';
import type { MemberId } from '../ids.js';
import type { Logger } from '../logger.js';
import type { Counter, Metrics } from '../metrics.js';
import { RepeatedLines } from './repeated-lines.js';

/** What the sender hears. */
export const FOREIGN_SNAPSHOT: string =
  'a snapshot of etcd can not be installed in this member, whose store is of another kind: it needs the entries of the log, ' +
  'or a leader of its own kind';

export class ForeignSnapshots {
  readonly #logger: Logger;
  readonly #lines: RepeatedLines;
  readonly #refused: Counter;

  constructor(clock: Pick<Clock, 'monotonicMs'>, logger: Logger, metrics: Metrics) {
    this.#lines = new RepeatedLines(clock);
    this.#logger = logger;
    this.#refused = metrics.counter(
      'kv_server_foreign_snapshots_refused_total',
      'Snapshots of etcd that this member could not use: while this grows, it does not catch up.',
      ['From'],
    );
  }

  refused(from: MemberId): void {
    this.#refused.inc(1, hexOf(from));
    if (!this.#lines.isDue('')) return;
    this.#logger.log('error', 'this member can not catch up with a leader of etcd', {
      'remote-peer-id': from,
      reason:
        'the leader no longer has the entries that this member lacks, and its snapshots are of another kind',
      hint:
        'let a member of this kind lead, if there is one that is up to date: etcdctl move-leader <its id>. If there is none, this ' +
        'member can not take part: etcdctl member remove it',
    });
  }
}
