/**
 * The newest records as they were encoded, by sequence number, bounded in bytes: most reads and compares are of what was
 * written just now.
 *
 * It keeps the encoder's slabs and where in them each record begins, and no object per record: what is written but not
 * read soon would otherwise be copied by each collection of the young generation until it is old, and cost more than the
 * put itself.
 */
import { invariant } from './invariant.js';

/** Records of consecutive sequence numbers in one piece of memory. */
interface Slab {
  readonly bytes: Uint8Array;
  readonly firstSeq: number;
  /** Offset of record `firstSeq + i`. */
  readonly starts: number[];
}

export class RecentRecords {
  private readonly bytesMax: number;
  /** Oldest first. Those before `head` are forgotten. */
  private slabs: Slab[] = [];
  private head = 0;
  private bytes = 0;
  private newest: Slab | undefined;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  /** Record `seq` begins at `start` of `slab`, which is not written again there. Numbers rise one by one. */
  add(seq: number, slab: Uint8Array, start: number): void {
    const { newest } = this;
    if (newest?.bytes === slab) {
      invariant(seq === newest.firstSeq + newest.starts.length, 'records are added in order', {
        seq,
      });
      newest.starts.push(start);
      return;
    }
    this.newest = { bytes: slab, firstSeq: seq, starts: [start] };
    this.slabs.push(this.newest);
    this.bytes += slab.length;
    this.trim();
  }

  /** Calls back with where record `seq` begins; undefined if it is not among the newest. */
  read<T>(seq: number, use: (slab: Uint8Array, start: number) => T): T | undefined {
    let low = this.head;
    let high = this.slabs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.slabs[middle]?.firstSeq ?? Infinity) <= seq) low = middle + 1;
      else high = middle;
    }
    const slab = low === this.head ? undefined : this.slabs[low - 1];
    const start = slab?.starts[seq - slab.firstSeq];
    return slab === undefined || start === undefined ? undefined : use(slab.bytes, start);
  }

  get count(): number {
    let count = 0;
    for (const slab of this.slabs.slice(this.head)) count += slab.starts.length;
    return count;
  }

  clear(): void {
    this.slabs = [];
    this.head = 0;
    this.bytes = 0;
    this.newest = undefined;
  }

  /** Forgets the oldest; the newest slab stays, whatever its size. */
  private trim(): void {
    while (this.bytes > this.bytesMax && this.head < this.slabs.length - 1) {
      this.bytes -= this.slabs[this.head]?.bytes.length ?? 0;
      this.head++;
    }
    if (this.head * 2 < this.slabs.length) return;
    this.slabs = this.slabs.slice(this.head);
    this.head = 0;
  }
}
