/**
 * Decoding of header blocks (RFC 7541 §3 and §6), with a cache of whole blocks: a client that repeats itself sends the same few
 * bytes for every call, all of them references, and gets the same decoded value back without any of them being looked at.
 */
import { DynamicTable, fieldBytes } from './dynamic-table.js';
import { huffmanDecode } from './huffman.js';
import { staticTable, staticTableLength } from './static-table.js';
import type { HeaderField } from './static-table.js';

/** Why a block is not valid: a connection error COMPRESSION_ERROR, since the tables of both sides may now differ. */
export class HpackError extends Error {
  override readonly name = 'HpackError';
}

/** The fields of a block; `undefined` when together they exceed the limit (the tables are right all the same). */
export type DecodedBlock = readonly HeaderField[] | undefined;

export interface HpackDecoderOptions {
  /** SETTINGS_HEADER_TABLE_SIZE that we announced: the largest dynamic table that the peer may ask for, bytes. */
  readonly tableBytesMax: number;
  /** Largest sum of {@link fieldBytes} of one block. */
  readonly listBytesMax: number;
}

/** Blocks longer than this are not worth remembering. */
const cachedBlockBytesMax = 128;
/** Different blocks remembered for one state of the dynamic table. */
const cachedBlocksMax = 32;
/** Continuation octets of an integer: five times seven bits hold every length that we take. */
const integerOctetsMax = 5;
const noBytes = Buffer.alloc(0);

export class HpackDecoder {
  readonly #options: HpackDecoderOptions;
  readonly #table: DynamicTable;
  #tableBytesMax: number;
  /** By the bytes of the block; valid while the dynamic table does not change. */
  readonly #cache = new Map<string, DecodedBlock>();
  #bytes: Buffer = noBytes;
  #at = 0;
  #end = 0;

  constructor(options: HpackDecoderOptions) {
    this.#options = options;
    this.#tableBytesMax = options.tableBytesMax;
    this.#table = new DynamicTable(options.tableBytesMax);
  }

  /**
   * Decodes `block[start, end)`. The same array comes back for the same bytes while the tables are unchanged, so that a caller may
   * key what it derives from the fields by the array itself. Throws {@link HpackError}.
   */
  decode(block: Buffer, start: number, end: number): DecodedBlock {
    if (end - start > cachedBlockBytesMax) return this.#decode(block, start, end);
    const key = block.toString('latin1', start, end);
    const known = this.#cache.get(key);
    if (known !== undefined) return known;
    const changesBefore = this.#changes;
    const fields = this.#decode(block, start, end);
    if (this.#changes === changesBefore && this.#cache.size < cachedBlocksMax) {
      this.#cache.set(key, fields);
    }
    return fields;
  }

  /** Counts changes of the dynamic table. */
  #changes = 0;

  #changed(): void {
    this.#changes += 1;
    if (this.#cache.size > 0) this.#cache.clear();
  }

  #decode(block: Buffer, start: number, end: number): DecodedBlock {
    this.#bytes = block;
    this.#at = start;
    this.#end = end;
    const fields: HeaderField[] = [];
    let listBytes = 0;
    let fieldSeen = false;
    while (this.#at < end) {
      const first = block[this.#at] ?? 0;
      if ((first & 0xe0) === 0x20) {
        // §4.2: a change of the table's size stands at the beginning of a block.
        if (fieldSeen) throw new HpackError('table size update after a field');
        this.#resize(this.#integer(5));
        continue;
      }
      fieldSeen = true;
      const field = this.#field(first);
      listBytes += fieldBytes(field.name, field.value);
      if (listBytes <= this.#options.listBytesMax) fields.push(field);
    }
    this.#bytes = noBytes;
    return listBytes <= this.#options.listBytesMax ? fields : undefined;
  }

  #field(first: number): HeaderField {
    if ((first & 0x80) !== 0) return this.#lookUp(this.#integer(7));
    const incremental = (first & 0x40) !== 0;
    const nameIndex = this.#integer(incremental ? 6 : 4);
    const name = nameIndex === 0 ? this.#string() : this.#lookUp(nameIndex).name;
    const field: HeaderField = { name, value: this.#string() };
    if (incremental) {
      this.#table.add(field);
      this.#changed();
    }
    return field;
  }

  #lookUp(index: number): HeaderField {
    const field =
      index <= staticTableLength
        ? staticTable[index]
        : this.#table.get(index - staticTableLength - 1);
    if (field === undefined || index === 0) {
      throw new HpackError(`no field has index ${String(index)}`);
    }
    return field;
  }

  #resize(bytes: number): void {
    if (bytes > this.#tableBytesMax) {
      throw new HpackError(
        `table size ${String(bytes)} exceeds the ${String(this.#tableBytesMax)} that were announced`,
      );
    }
    this.#table.resize(bytes);
    this.#changed();
  }

  /** An integer whose first octet has a prefix of `bits` bits (§5.1). */
  #integer(bits: number): number {
    const mask = (1 << bits) - 1;
    let value = this.#octet() & mask;
    if (value < mask) return value;
    let scale = 1;
    for (let count = 0; count < integerOctetsMax; count += 1) {
      const octet = this.#octet();
      value += (octet & 0x7f) * scale;
      if ((octet & 0x80) === 0) return value;
      scale *= 128;
    }
    throw new HpackError('an integer has too many octets');
  }

  #string(): string {
    const huffman = ((this.#bytes[this.#at] ?? 0) & 0x80) !== 0;
    const length = this.#integer(7);
    const start = this.#at;
    const end = start + length;
    if (end > this.#end) throw new HpackError('a string runs past the end of its block');
    this.#at = end;
    if (!huffman) return this.#bytes.toString('latin1', start, end);
    const text = huffmanDecode(this.#bytes, start, end);
    if (text === undefined) throw new HpackError('a string is not a valid Huffman code');
    return text;
  }

  #octet(): number {
    const octet = this.#bytes[this.#at];
    if (octet === undefined || this.#at >= this.#end) {
      throw new HpackError('the block ends in the middle of a field');
    }
    this.#at += 1;
    return octet;
  }
}
