/**
 * Entries of consecutive indexes in a few large pieces of memory: what a member keeps of its log for others that may ask,
 * mostly in vain.
 *
 * An object and a view for each entry would be copied by each collection of the young generation until they are old; at
 * full load that costs more processor time than the log itself.
 */
import { toIndex, toTerm, type Entry, type EntryType, type LogIndex, type Term } from '@kv/raft';
import { invariant } from './invariant.js';

/** Entries that are larger get a block of their own. */
const BLOCK_BYTES = 256 * 1024;

interface Block {
  readonly firstIndex: number;
  readonly bytes: Uint8Array;
  /** By position in the block: the data of an entry ends where that of the next one begins. */
  readonly ends: number[];
  readonly terms: number[];
  readonly types: EntryType[];
}

export class PackedEntries {
  /** Oldest first; none is empty. */
  #blocks: Block[] = [];
  /** The index that the next entry has. */
  #next: number;

  /** Empty; the first entry will have the index `next`. */
  constructor(next: LogIndex) {
    this.#next = next;
  }

  /** Index after the last entry. */
  get next(): LogIndex {
    return toIndex(this.#next);
  }

  /** Copies the entry. */
  push(entry: Entry): void {
    invariant(entry.index === this.#next, 'entries are consecutive', { index: entry.index });
    const { data } = entry;
    let block = this.#blocks.at(-1);
    let start = block?.ends.at(-1) ?? 0;
    if (block === undefined || start + data.length > block.bytes.length) {
      block = {
        firstIndex: this.#next,
        bytes: new Uint8Array(Math.max(BLOCK_BYTES, data.length)),
        ends: [],
        terms: [],
        types: [],
      };
      start = 0;
      this.#blocks.push(block);
    }
    block.bytes.set(data, start);
    block.ends.push(start + data.length);
    block.terms.push(entry.term);
    block.types.push(entry.type);
    this.#next += 1;
  }

  term(index: LogIndex): Term | undefined {
    const block = this.#blockOf(index);
    const term = block?.terms[index - block.firstIndex];
    return term === undefined ? undefined : toTerm(term);
  }

  /** Made anew by each call; its data is a view. */
  get(index: LogIndex): Entry | undefined {
    const block = this.#blockOf(index);
    if (block === undefined) return undefined;
    const at = index - block.firstIndex;
    const end = block.ends[at];
    const term = block.terms[at];
    const type = block.types[at];
    if (end === undefined || term === undefined || type === undefined) return undefined;
    return {
      index,
      term: toTerm(term),
      type,
      data: block.bytes.subarray(block.ends[at - 1] ?? 0, end),
    };
  }

  /** Forgets the entries from `index` on. What was given out keeps its bytes: the space is not used again. */
  truncate(index: LogIndex): void {
    if (index >= this.#next) return;
    for (let block = this.#blocks.at(-1); block !== undefined; block = this.#blocks.at(-1)) {
      if (block.firstIndex < index) break;
      this.#blocks.pop();
    }
    const last = this.#blocks.pop();
    this.#next = index;
    if (last === undefined) return;
    const count = index - last.firstIndex;
    const used = last.ends[count - 1] ?? 0;
    // A view that ends at what is kept: the next entry begins a block.
    this.#blocks.push({
      ...last,
      bytes: last.bytes.subarray(0, used),
      ends: last.ends.slice(0, count),
      terms: last.terms.slice(0, count),
      types: last.types.slice(0, count),
    });
  }

  /** Gives back the memory of blocks that hold nothing above `index`. */
  releaseThrough(index: LogIndex): void {
    let count = 0;
    for (const block of this.#blocks) {
      if (block.firstIndex + block.ends.length - 1 > index) break;
      count += 1;
    }
    if (count > 0) this.#blocks = this.#blocks.slice(count);
  }

  #blockOf(index: number): Block | undefined {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#blocks[middle]?.firstIndex ?? Infinity) <= index) low = middle + 1;
      else high = middle;
    }
    return this.#blocks[low - 1];
  }
}
