/**
 * Columns of numbers per key, addressed by *slot*: a small integer that names a key for as long as the index holds it.
 *
 * A key with one revision (most keys) is four numbers and nothing else. Only a key with more has a history array:
 * `[main, seq, main, seq, ...]`, ascending. A `seq` is negative where the record is a tombstone.
 * Chunked, so that growing never copies: no turn pays for the size of the store.
 */
import { InvariantError } from '../invariant.js';

/** Revisions of one key, ascending: main and seq alternate; a negative seq is a tombstone. Never empty. */
export type KeyHistory = readonly number[];

const chunkBits = 12;
const chunkSlots = 1 << chunkBits;
const columns = 4;
const mainColumn = 0;
const seqColumn = 1;
const createdColumn = 2;
const versionColumn = 3;

interface Chunk {
  readonly numbers: Float64Array;
  /** Present once a key of this chunk has had two revisions. */
  histories: (KeyHistory | undefined)[] | undefined;
}

export class SlotTable {
  private readonly chunks: Chunk[] = [];
  private readonly free: number[] = [];
  private next = 0;

  /** A slot that holds nothing yet. */
  take(): number {
    const reused = this.free.pop();
    if (reused !== undefined) return reused;
    if (this.next >> chunkBits === this.chunks.length) {
      this.chunks.push({
        numbers: new Float64Array(chunkSlots * columns),
        histories: undefined,
      });
    }
    return this.next++;
  }

  /** Gives a slot back; it may be taken again for another key. */
  release(slot: number): void {
    this.setHistory(slot, undefined);
    this.free.push(slot);
  }

  /** Main revision of the newest record. */
  main(slot: number): number {
    return this.get(slot, mainColumn);
  }

  /** Sequence number of the newest record, negative if that is a tombstone. */
  signedSeq(slot: number): number {
    return this.get(slot, seqColumn);
  }

  isLive(slot: number): boolean {
    return this.get(slot, seqColumn) > 0;
  }

  /** Revision that created the living generation; meaningless for a deleted key. */
  created(slot: number): number {
    return this.get(slot, createdColumn);
  }

  /** Version of the newest record; meaningless for a deleted key. */
  version(slot: number): number {
    return this.get(slot, versionColumn);
  }

  /** All revisions, if there is more than one. */
  history(slot: number): KeyHistory | undefined {
    return this.chunk(slot).histories?.[slot & (chunkSlots - 1)];
  }

  setHistory(slot: number, history: KeyHistory | undefined): void {
    const chunk = this.chunk(slot);
    if (chunk.histories === undefined) {
      if (history === undefined) return;
      chunk.histories = new Array<KeyHistory | undefined>(chunkSlots).fill(undefined);
    }
    chunk.histories[slot & (chunkSlots - 1)] = history;
  }

  setNewest(slot: number, main: number, signedSeq: number, created: number, version: number): void {
    const { numbers } = this.chunk(slot);
    const base = (slot & (chunkSlots - 1)) * columns;
    numbers[base + mainColumn] = main;
    numbers[base + seqColumn] = signedSeq;
    numbers[base + createdColumn] = created;
    numbers[base + versionColumn] = version;
  }

  private get(slot: number, column: number): number {
    return this.chunk(slot).numbers[(slot & (chunkSlots - 1)) * columns + column] ?? 0;
  }

  private chunk(slot: number): Chunk {
    const chunk = this.chunks[slot >> chunkBits];
    if (chunk === undefined) throw new InvariantError(`slot ${slot} was never taken`);
    return chunk;
  }
}
