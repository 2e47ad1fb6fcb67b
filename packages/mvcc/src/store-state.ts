/**
 * The one row that is written once per transaction: where the store stands. Stored beside the buckets under a name of
 * ours, outside of what `Hash` covers.
 *
 * The current revision is a value of its own, never the highest one found: compaction can remove the newest record (etcd
 * issue 17780). Count and sum of checksums let open notice records and rows that vanished.
 */
import { crc32c } from './codec/crc32c.js';
import { readUint32, readUint53, writeUint32, writeUint53 } from './codec/varint.js';
import { corruptError } from './errors.js';
import { invariant } from './invariant.js';

/** A count and the sum modulo 2^32 of checksums: equal for equal sets, whatever the order. */
export class Digest {
  count = 0;
  sum = 0;

  add(checksum: number): void {
    this.count++;
    this.sum = (this.sum + checksum) >>> 0;
  }

  remove(checksum: number): void {
    invariant(this.count > 0, 'only what was added is removed from a digest');
    this.count--;
    this.sum = (this.sum - checksum) >>> 0;
  }

  equals(other: Digest): boolean {
    return this.count === other.count && this.sum === other.sum;
  }
}

const formatVersion = 1;
const encodedBytes = 4 + 7 * 8 + 2 * 12 + 4;

/** Mutable; owned by the store, changed by the transaction that is open. */
export class StoreState {
  consistentIndex = 0;
  term = 0;
  /** Main revision of the newest request. A fresh store is at 1. */
  revision = 1;
  /** The sequence number that the next record gets. */
  nextSeq = 1;
  /** Compaction revision: reads below it fail. -1 if never compacted. */
  scheduledCompactRevision = -1;
  /** The last compaction whose removal is complete. -1 if none. */
  finishedCompactRevision = -1;
  /** Removal of a compaction examined all records below this sequence number; 0 at its start. */
  compactedBelowSeq = 0;
  readonly records: Digest = new Digest();
  readonly rows: Digest = new Digest();

  encode(): Uint8Array {
    const bytes = new Uint8Array(encodedBytes);
    writeUint32(bytes, 0, formatVersion);
    let at = 4;
    for (const value of [
      this.consistentIndex,
      this.term,
      this.revision,
      this.nextSeq,
      this.scheduledCompactRevision + 1,
      this.finishedCompactRevision + 1,
      this.compactedBelowSeq,
    ]) {
      writeUint53(bytes, at, value);
      at += 8;
    }
    for (const digest of [this.records, this.rows]) {
      writeUint53(bytes, at, digest.count);
      writeUint32(bytes, at + 8, digest.sum);
      at += 12;
    }
    writeUint32(bytes, at, crc32c(bytes, 0, at));
    return bytes;
  }

  /** Reads what `encode` wrote; `where` names the row in errors. */
  static decode(bytes: Uint8Array, where: string): StoreState {
    if (bytes.length !== encodedBytes || readUint32(bytes, 0) !== formatVersion) {
      throw corruptError(where, `the state row has ${bytes.length} bytes of an unknown format`);
    }
    if (crc32c(bytes, 0, encodedBytes - 4) !== readUint32(bytes, encodedBytes - 4)) {
      throw corruptError(where, 'the checksum of the state row does not match');
    }
    const state = new StoreState();
    const number = (position: number): number => readUint53(bytes, 4 + position * 8);
    state.consistentIndex = number(0);
    state.term = number(1);
    state.revision = number(2);
    state.nextSeq = number(3);
    state.scheduledCompactRevision = number(4) - 1;
    state.finishedCompactRevision = number(5) - 1;
    state.compactedBelowSeq = number(6);
    state.records.count = number(7);
    state.records.sum = readUint32(bytes, 68);
    state.rows.count = readUint53(bytes, 72);
    state.rows.sum = readUint32(bytes, 80);
    if (!state.compactsInOrder) {
      throw corruptError(where, 'the revisions of the state row contradict each other');
    }
    return state;
  }

  private get compactsInOrder(): boolean {
    return (
      this.finishedCompactRevision <= this.scheduledCompactRevision &&
      this.scheduledCompactRevision <= this.revision
    );
  }

  /** Asserts I4. */
  verify(): void {
    invariant(this.compactsInOrder, 'I4 finished <= scheduled compaction <= revision', {
      finished: this.finishedCompactRevision,
      scheduled: this.scheduledCompactRevision,
      revision: this.revision,
    });
  }
}
