/**
 * Recently read pairs by sequence number, bounded in bytes. Two generations instead of a list of uses: when
 * the young one has half of the bound it becomes the old one, and what was old and not read again is gone.
 */
import type { StoredKeyValue } from './model.js';

/** What an entry costs besides its bytes: the pair, the view and the place in the map. */
const entryOverheadBytes = 240;

export class RecordCache {
  private young = new Map<number, StoredKeyValue>();
  private old = new Map<number, StoredKeyValue>();
  private youngBytes = 0;
  private readonly generationBytesMax: number;

  constructor(bytesMax: number) {
    this.generationBytesMax = bytesMax / 2;
  }

  get(seq: number): StoredKeyValue | undefined {
    const young = this.young.get(seq);
    if (young !== undefined) return young;
    const old = this.old.get(seq);
    if (old === undefined) return undefined;
    this.put(seq, old);
    return old;
  }

  put(seq: number, kv: StoredKeyValue): void {
    this.young.set(seq, kv);
    this.youngBytes += kv.encoded.length + entryOverheadBytes;
    if (this.youngBytes < this.generationBytesMax) return;
    this.old = this.young;
    this.young = new Map();
    this.youngBytes = 0;
  }

  get entries(): number {
    return this.young.size + this.old.size;
  }

  clear(): void {
    this.young = new Map();
    this.old = new Map();
    this.youngBytes = 0;
  }
}
