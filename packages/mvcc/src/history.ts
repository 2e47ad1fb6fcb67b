/** Events of past revisions in bounded batches: what a watcher that is behind catches up by. */
import type { HistoryBatch, HistoryCursor, HistoryQuery } from './api.js';
import { deletedKeyValue } from './codec/record.js';
import { rangeContains } from './key-range.js';
import type { Revision, StoreEvent } from './model.js';
import type { RecordRun } from './record-run.js';
import { keyOf } from './store-core.js';
import type { StoreCore } from './store-core.js';

/** Records that one batch examines, whether or not they are in the range. */
const batchRecordsMax = 1000;

/**
 * The sequence number of the first record with main >= `revision`, or the next one to be written. Binary search over
 * numbers with gaps: about 20 lookups among a million records.
 */
function firstSeqOf(core: StoreCore, revision: number): number {
  let low = 1;
  let high = core.state.nextSeq;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const bytes = core.backend.scanHeads(middle, 1, 1);
    const run = core.heads(bytes, middle - 1);
    if (run.next() && run.head.main < revision) low = run.seq + 1;
    else high = middle;
  }
  return low;
}

export class RecordHistory implements HistoryCursor {
  private readonly core: StoreCore;
  private readonly query: HistoryQuery;
  private readonly to: number;
  /** The first revision that was not delivered yet. */
  private nextRevision: number;
  private nextSeq: number | undefined;

  constructor(core: StoreCore, query: HistoryQuery) {
    this.core = core;
    this.query = query;
    this.nextRevision = query.from;
    this.to = query.to ?? core.state.revision;
  }

  next(): HistoryBatch | { readonly type: 'compacted'; readonly compactRevision: Revision } {
    const { core } = this;
    core.guard();
    const compactRevision = core.state.scheduledCompactRevision;
    if (this.nextRevision > this.to) return this.batch([], this.to, true);
    if (this.nextRevision < compactRevision) {
      return { type: 'compacted', compactRevision: compactRevision as Revision };
    }
    const events: StoreEvent[] = [];
    let seq = (this.nextSeq ??= firstSeqOf(core, this.nextRevision));
    let main = 0;
    // One revision can have more records than a batch: go on until at least one is complete.
    for (;;) {
      const read = this.read(seq, main, events);
      if (read.completeThrough >= this.nextRevision || read.ended) {
        this.nextSeq = read.resumeSeq;
        return this.batch(events, read.ended ? this.to : read.completeThrough, read.ended);
      }
      seq = read.resumeSeq;
      main = read.main;
    }
  }

  private batch(events: readonly StoreEvent[], through: number, done: boolean): HistoryBatch {
    this.nextRevision = Math.max(this.nextRevision, through + 1);
    return { events, throughRevision: through as Revision, done };
  }

  /**
   * Reads one run of records from `seq` on. `running` is the revision that earlier runs left incomplete, 0 if none. An
   * incomplete last revision is taken out again, unless it is the only one.
   */
  private read(
    seq: number,
    running: number,
    events: StoreEvent[],
  ): {
    readonly completeThrough: number;
    readonly ended: boolean;
    readonly resumeSeq: number;
    readonly main: number;
  } {
    const { core } = this;
    const bytes = core.backend.scanRecords(seq, batchRecordsMax, core.limits.readBytesPerStepMax);
    const run = core.records(bytes, seq - 1);
    let main = running;
    let mainSeq = seq;
    let mainEvents = 0;
    let complete = 0;
    while (run.next()) {
      const { head } = run;
      if (head.main > this.to)
        return { completeThrough: main, ended: true, resumeSeq: run.seq, main };
      if (head.main !== main) {
        complete = main;
        main = head.main;
        mainSeq = run.seq;
        mainEvents = events.length;
      }
      this.take(bytes, run, events);
    }
    const ended = bytes.length === 0 || run.seq + 1 >= core.state.nextSeq;
    if (ended) return { completeThrough: main, ended, resumeSeq: run.seq + 1, main };
    if (complete < this.nextRevision) {
      return { completeThrough: 0, ended, resumeSeq: run.seq + 1, main };
    }
    events.length = mainEvents;
    return { completeThrough: main - 1, ended, resumeSeq: mainSeq, main };
  }

  private take(bytes: Uint8Array, run: RecordRun, events: StoreEvent[]): void {
    const { head } = run;
    const key = keyOf(head, bytes);
    if (!rangeContains(this.query.range, key)) return;
    if (head.isTombstone) {
      events.push({ type: 'delete', kv: deletedKeyValue(key, head.main), isCreate: false });
      return;
    }
    events.push({
      type: 'put',
      isCreate: head.created === head.main,
      kv: {
        key,
        createRevision: head.created as Revision,
        modRevision: head.main as Revision,
        version: head.version,
        lease: head.lease,
        // A copy: a watcher may keep one event of a large run for long.
        encoded: bytes.slice(head.keyValueStart, run.end),
      },
    });
  }
}
