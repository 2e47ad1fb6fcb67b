/** Walks the runs of bytes that a backend's scans return: verifies each record and that sequence numbers rise. */
import type { HeadReader } from './codec/record.js';
import { corruptError } from './errors.js';

/** A cursor over one run. After `next` the head reader describes the record, which ends at `end`. */
export class RecordRun {
  /** Sequence number of the record at hand; before the first, the one that it must be above. */
  seq: number;
  /** Where the record at hand ends. */
  end = 0;
  readonly head: HeadReader;
  private readonly bytes: Uint8Array;
  private readonly withTails: boolean;
  private readonly where: string;

  private constructor(
    head: HeadReader,
    bytes: Uint8Array,
    withTails: boolean,
    after: number,
    where: string,
  ) {
    this.head = head;
    this.bytes = bytes;
    this.withTails = withTails;
    this.seq = after;
    this.where = where;
  }

  /** Over `scanHeads`; sequence numbers must be above `after`. `where` names the store in errors. */
  static heads(head: HeadReader, bytes: Uint8Array, after: number, where: string): RecordRun {
    return new RecordRun(head, bytes, false, after, where);
  }

  /** Over `scanRecords`. */
  static records(head: HeadReader, bytes: Uint8Array, after: number, where: string): RecordRun {
    return new RecordRun(head, bytes, true, after, where);
  }

  /** Moves to the next record; false at the end. MvccError `corrupt` if it is damaged. */
  next(): boolean {
    const { bytes, head } = this;
    if (this.end >= bytes.length) return false;
    const intact =
      head.read(bytes, this.end, bytes.length) &&
      (!this.withTails || head.readTail(bytes, bytes.length));
    if (!intact) {
      throw corruptError(
        this.where,
        `the record after ${this.seq}: ${head.problem ?? 'unreadable'}`,
      );
    }
    if (head.seq <= this.seq) {
      throw corruptError(this.where, `record ${head.seq} follows record ${this.seq}`);
    }
    this.seq = head.seq;
    this.end = head.headEnd + (this.withTails ? head.tailBytes : 0);
    return true;
  }
}
