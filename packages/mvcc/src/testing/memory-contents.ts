/** What a memory backend holds: records by sequence number and rows by bucket, changed by values that can be undone. */
import { Buffer } from 'node:buffer';

export interface MemoryRecord {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
}

/** One change; undefined removes. */
export type MemoryChange =
  | { readonly type: 'record'; readonly seq: number; readonly record: MemoryRecord | undefined }
  | {
      readonly type: 'row';
      readonly bucket: string;
      readonly key: Uint8Array;
      readonly value: Uint8Array | undefined;
    };

interface MemoryRow {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export class MemoryContents {
  private records = new Map<number, MemoryRecord>();
  /** The keys of `records`, ascending. */
  private seqs: number[] = [];
  private buckets = new Map<string, Map<string, MemoryRow>>();

  apply(change: MemoryChange): void {
    if (change.type === 'row') {
      const rows = this.buckets.get(change.bucket) ?? new Map<string, MemoryRow>();
      this.buckets.set(change.bucket, rows);
      const name = Buffer.from(change.key).toString('latin1');
      if (change.value === undefined) rows.delete(name);
      else rows.set(name, { key: change.key, value: change.value });
      if (rows.size === 0) this.buckets.delete(change.bucket);
      return;
    }
    const { seq, record } = change;
    const at = this.lowerBound(seq);
    const present = this.seqs[at] === seq;
    if (record === undefined) {
      this.records.delete(seq);
      if (present) this.seqs.splice(at, 1);
    } else {
      this.records.set(seq, record);
      if (!present) this.seqs.splice(at, 0, seq);
    }
  }

  /** The change that undoes `change`, to be asked before it is applied. */
  inverse(change: MemoryChange): MemoryChange {
    return change.type === 'row'
      ? { ...change, value: this.row(change.bucket, change.key) }
      : { ...change, record: this.records.get(change.seq) };
  }

  record(seq: number): MemoryRecord | undefined {
    return this.records.get(seq);
  }

  seqsFrom(from: number, countMax: number): number[] {
    const start = this.lowerBound(from);
    return this.seqs.slice(start, start + countMax);
  }

  /** Both inclusive. */
  seqsBetween(first: number, last: number): number[] {
    return this.seqs.slice(this.lowerBound(first), this.lowerBound(last + 1));
  }

  row(bucket: string, key: Uint8Array): Uint8Array | undefined {
    return this.buckets.get(bucket)?.get(Buffer.from(key).toString('latin1'))?.value;
  }

  /** In byte order of keys. */
  rows(bucket: string): MemoryRow[] {
    const rows = [...(this.buckets.get(bucket)?.values() ?? [])];
    return rows.sort((a, b) => Buffer.compare(a.key, b.key));
  }

  bucketNames(): string[] {
    return [...this.buckets.keys()].sort();
  }

  bytes(): number {
    let bytes = 0;
    for (const { head, tail } of this.records.values()) bytes += head.length + tail.length;
    for (const rows of this.buckets.values()) {
      for (const { key, value } of rows.values()) bytes += key.length + value.length;
    }
    return bytes;
  }

  /** Shares the bytes, which never change. */
  copy(): MemoryContents {
    return MemoryContents.decode(this.encode());
  }

  encode(): unknown {
    const buckets = [...this.buckets].map(([name, rows]) => [name, [...rows]] as const);
    return { records: [...this.records], buckets };
  }

  static decode(encoded: unknown): MemoryContents {
    const { records, buckets } = encoded as {
      readonly records: readonly [number, MemoryRecord][];
      readonly buckets: readonly [string, readonly [string, MemoryRow][]][];
    };
    const contents = new MemoryContents();
    contents.records = new Map(records);
    contents.seqs = records.map(([seq]) => seq).sort((a, b) => a - b);
    contents.buckets = new Map(buckets.map(([name, rows]) => [name, new Map(rows)]));
    return contents;
  }

  private lowerBound(seq: number): number {
    let low = 0;
    let high = this.seqs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.seqs[middle] ?? 0) < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
