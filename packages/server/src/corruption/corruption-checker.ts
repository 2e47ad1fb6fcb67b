/**
 * As leader, compares this member's store with those of the others from time to time. Who differs gets the alarm CORRUPT, with which the
 * cluster takes no changes any more until somebody has looked (semantics.md §11). The check at the start is `initial-check.ts`.
 */
import type { KeyValueHash } from '@kv/mvcc';
import { RequestField } from '../apply/entry-codec.js';
import { encodeAlarmActivation } from '../apply/state-codec.js';
import type { Clock, Timer } from '../clock.js';
import { errorOf } from '../errors.js';
import type { MemberId } from '../ids.js';
import type { Logger } from '../logger.js';
import type { Proposer } from '../request/proposer.js';
import type { PeerHashAnswer } from './peer-hash.js';
import { describeHash, type StoreHash, type StoreHasher } from './store-hash.js';
import { compactionVerdict, periodicSuspect, type Suspect } from './suspects.js';

export interface CorruptionCheckerParts {
  readonly self: MemberId;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly hasher: StoreHasher;
  /** Of finished compactions, ascending. */
  readonly compactionHashes: () => readonly KeyValueHash[];
  /** Asks every other member. Never rejects. */
  readonly askOthers: (revision: number) => Promise<readonly PeerHashAnswer[]>;
  readonly linearizableRead: () => Promise<void>;
  readonly proposer: Proposer;
  readonly isLeader: () => boolean;
  /** Between comparisons of everything; 0: never. */
  readonly periodMs: number;
  /** Between comparisons of hashes made at compactions; 0: never. */
  readonly compactionPeriodMs: number;
}

export class CorruptionChecker {
  readonly #parts: CorruptionCheckerParts;
  #timers: readonly Timer[] = [];
  #checking = false;
  /** Compactions up to this revision were found good. */
  #checkedRevision = 0;
  #closed = false;

  constructor(parts: CorruptionCheckerParts) {
    this.#parts = parts;
  }

  start(): void {
    const { clock, periodMs, compactionPeriodMs } = this.#parts;
    const every = (ms: number, check: () => Promise<void>): readonly Timer[] =>
      ms === 0
        ? []
        : [
            clock.every(ms, () => {
              this.#asLeader(check);
            }),
          ];
    this.#timers = [
      ...every(periodMs, () => this.#checkAll()),
      ...every(compactionPeriodMs, () => this.#checkCompactions()),
    ];
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
  }

  /** One at a time; what fails is said and tried again after the next period. */
  #asLeader(check: () => Promise<void>): void {
    if (this.#checking || !this.#parts.isLeader()) return;
    this.#checking = true;
    void check()
      .catch((error: unknown) => {
        if (this.#closed) return;
        this.#parts.logger.log('warn', 'failed to check hash KV', {
          error: errorOf(error).message,
        });
      })
      .finally(() => {
        this.#checking = false;
      });
  }

  async #checkAll(): Promise<void> {
    const { self, logger, hasher, askOthers, linearizableRead } = this.#parts;
    const before = await hasher.hashAt(0);
    if (typeof before === 'string') return;
    const peers = await askOthers(before.hashRevision);
    await linearizableRead();
    const after = await hasher.hashAt(0);
    if (typeof after === 'string') return;
    const suspect = periodicSuspect(self, before, after, peers);
    if (suspect !== undefined) this.#alarm(suspect, before);
    logger.log('info', 'finished peer corruption check', {
      'number-of-peers-checked': peers.filter(({ type }) => type === 'hash').length,
    });
  }

  /** Newest first, until one compaction says something. */
  async #checkCompactions(): Promise<void> {
    const { self, logger, compactionHashes, askOthers } = this.#parts;
    const unchecked = compactionHashes().filter(
      ({ hashRevision }) => hashRevision > this.#checkedRevision,
    );
    let checked = 0;
    for (const own of unchecked.toReversed()) {
      const peers = await askOthers(own.hashRevision);
      if (peers.length === 0) continue;
      checked += 1;
      const verdict = compactionVerdict(self, own, peers);
      if (verdict.type === 'undecided') continue;
      if (verdict.type === 'agreed') this.#checkedRevision = own.hashRevision;
      else for (const suspect of verdict.suspects) this.#alarm(suspect, own);
      break;
    }
    logger.log('info', 'finished compaction hash check', { 'number-of-hashes-checked': checked });
  }

  #alarm({ id, reason }: Suspect, own: Omit<StoreHash, 'revision'>): void {
    const { logger, proposer } = this.#parts;
    logger.log('error', reason, { ...describeHash(own), 'suspect-member-id': id });
    const again = (): void => undefined;
    proposer.propose(
      proposer.draft(RequestField.alarm, encodeAlarmActivation(id, 'corrupt')),
      // Not raised: the next check finds the same.
      { applied: again, failed: again },
    );
  }
}
