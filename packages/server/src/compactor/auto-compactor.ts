/** Thins history by itself, while this member leads (semantics.md §8). */
import { RequestField } from '../apply/entry-codec.js';
import { encodeCompact } from '../apply/state-codec.js';
import type { Clock } from '../clock.js';
import { assertNever } from '../invariant.js';
import type { Logger } from '../logger.js';
import type { AutoCompaction } from '../member-config.js';
import type { Proposer } from '../request/proposer.js';
import { PeriodicCompactor } from './periodic.js';
import { RevisionCompactor } from './revision.js';

export interface AutoCompactor {
  start(): void;
  close(): void;
}

export interface AutoCompactorParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly proposer: Proposer;
  readonly currentRevision: () => number;
  readonly isLeader: () => boolean;
}

/** What the two kinds need: a clock, the revision, and a way to compact that tells whether it worked. */
export interface CompactorPorts {
  readonly clock: Clock;
  readonly currentRevision: () => number;
  readonly isLeader: () => boolean;
  /** Calls back with true when history is now compacted at this revision or above, by whomever. */
  readonly compact: (revision: number, done: (compacted: boolean) => void) => void;
}

export function autoCompactor(setting: AutoCompaction, parts: AutoCompactorParts): AutoCompactor {
  const ports: CompactorPorts = {
    clock: parts.clock,
    currentRevision: parts.currentRevision,
    isLeader: parts.isLeader,
    compact: (revision, done) => {
      compact(parts, revision, done);
    },
  };
  switch (setting.mode) {
    case 'off':
      return { start: () => undefined, close: () => undefined };
    case 'periodic':
      return new PeriodicCompactor(setting.retentionMs, ports);
    case 'revision':
      return new RevisionCompactor(setting.retentionRevisions, ports);
    default:
      return assertNever(setting, 'a compaction has a known mode');
  }
}

function compact(
  { proposer, logger }: AutoCompactorParts,
  revision: number,
  done: (compacted: boolean) => void,
): void {
  logger.log('info', 'starting auto compaction', { revision });
  proposer.propose(proposer.draft(RequestField.compact, encodeCompact(revision)), {
    applied: (outcome) => {
      const compacted =
        outcome.type === 'compact' ||
        (outcome.type === 'rejected' && outcome.reason === 'compacted');
      logger.log(
        compacted ? 'info' : 'warn',
        compacted ? 'completed auto compaction' : 'failed auto compaction',
        { revision },
      );
      done(compacted);
    },
    failed: (failure) => {
      logger.log('warn', 'failed auto compaction', { revision, error: failure });
      done(false);
    },
  });
}
