/** Header compression (RFC 7541): a decoder with its dynamic table, and an encoder that needs none. */
import { decodeHuffman } from './huffman.js';

export type HeaderField = readonly [name: string, value: string];

/** RFC 7541 appendix A: entries 2 to 16 have values (after `=`), the others are names alone. */
const staticTable: readonly HeaderField[] = (
  ':authority|:method=GET|:method=POST|:path=/|:path=/index.html|:scheme=http|:scheme=https|:status=200|:status=204|:status=206|' +
  ':status=304|:status=400|:status=404|:status=500|accept-charset|accept-encoding=gzip, deflate|accept-language|accept-ranges|accept|' +
  'access-control-allow-origin|age|allow|authorization|cache-control|content-disposition|content-encoding|content-language|' +
  'content-length|content-location|content-range|content-type|cookie|date|etag|expect|expires|from|host|if-match|if-modified-since|' +
  'if-none-match|if-range|if-unmodified-since|last-modified|link|location|max-forwards|proxy-authenticate|proxy-authorization|range|' +
  'referer|refresh|retry-after|server|set-cookie|strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate'
)
  .split('|')
  .map((entry) => {
    const [name = '', value = ''] = entry.split('=');
    return [name, value];
  });

/** Bound of the dynamic table: the protocol's default, which we do not change (SETTINGS_HEADER_TABLE_SIZE). */
const dynamicBytesMax = 4096;
/** What RFC 7541 §4.1 adds to name and value for each entry. */
const entryOverheadBytes = 32;

/** A header block that breaks the rules: the connection cannot go on, since the dynamic table is lost. */
export class HpackError extends Error {
  override readonly name: string = 'HpackError';
}

/** Decodes the header blocks of one connection, in order. */
export class HpackDecoder {
  /** Newest first. */
  readonly #dynamic: HeaderField[] = [];
  #dynamicBytes = 0;
  #limitBytes = dynamicBytesMax;

  /** Throws `HpackError`. */
  decode(block: Uint8Array): HeaderField[] {
    const fields: HeaderField[] = [];
    const input = new Input(block);
    while (input.offset < block.length) {
      const first = block[input.offset] ?? 0;
      if ((first & 0x80) !== 0) fields.push(this.#entry(input.integer(7)));
      else if ((first & 0xc0) === 0x40) fields.push(this.#remember(this.#literal(input, 6)));
      else if ((first & 0xe0) === 0x20) this.#resize(input.integer(5));
      else fields.push(this.#literal(input, 4));
    }
    return fields;
  }

  #literal(input: Input, prefixBits: number): HeaderField {
    const index = input.integer(prefixBits);
    const name = index === 0 ? input.string() : this.#entry(index)[0];
    return [name, input.string()];
  }

  #entry(index: number): HeaderField {
    const entry = staticTable[index - 1] ?? this.#dynamic[index - 1 - staticTable.length];
    if (entry === undefined) throw new HpackError(`header index ${index} does not exist`);
    return entry;
  }

  #remember(field: HeaderField): HeaderField {
    this.#dynamic.unshift(field);
    this.#dynamicBytes += sizeOf(field);
    this.#evict();
    return field;
  }

  #resize(bytes: number): void {
    if (bytes > dynamicBytesMax)
      throw new HpackError(`dynamic table of ${bytes} bytes exceeds ${dynamicBytesMax}`);
    this.#limitBytes = bytes;
    this.#evict();
  }

  #evict(): void {
    while (this.#dynamicBytes > this.#limitBytes) {
      const oldest = this.#dynamic.pop();
      if (oldest === undefined) return;
      this.#dynamicBytes -= sizeOf(oldest);
    }
  }
}

function sizeOf([name, value]: HeaderField): number {
  return name.length + value.length + entryOverheadBytes;
}

/** Reads the primitives of RFC 7541 §5 out of one block. */
class Input {
  readonly #bytes: Uint8Array;
  offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  #byte(): number {
    const byte = this.#bytes[this.offset];
    if (byte === undefined) throw new HpackError('header block ends inside a field');
    this.offset += 1;
    return byte;
  }

  integer(prefixBits: number): number {
    const mask = (1 << prefixBits) - 1;
    let value = this.#byte() & mask;
    if (value < mask) return value;
    for (let shift = 0; ; shift += 7) {
      if (shift > 21) throw new HpackError('integer in header block is too large');
      const byte = this.#byte();
      value += (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return value;
    }
  }

  string(): string {
    const huffman = ((this.#bytes[this.offset] ?? 0) & 0x80) !== 0;
    const length = this.integer(7);
    const start = this.offset;
    this.offset += length;
    if (this.offset > this.#bytes.length) throw new HpackError('header block ends inside a string');
    if (!huffman) return latin1(this.#bytes.subarray(start, this.offset));
    const text = decodeHuffman(this.#bytes, start, this.offset);
    if (text === undefined) throw new HpackError('invalid Huffman code in header block');
    return text;
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** Where the static table first has a name, and where it has a whole entry; from 1. */
const indexOfName = new Map<string, number>();
const indexOfEntry = new Map<string, number>();
for (const [at, [name, value]] of staticTable.entries()) {
  if (!indexOfName.has(name)) indexOfName.set(name, at + 1);
  if (value !== '') indexOfEntry.set(`${name}=${value}`, at + 1);
}

/**
 * A header block without indexing of its own: whole static entries by number, all else as literals. Such blocks may be joined, and kept.
 */
export function encodeHeaders(fields: readonly HeaderField[]): Uint8Array {
  const out: number[] = [];
  for (const [name, value] of fields) {
    const known = indexOfName.get(name);
    const whole = known === undefined ? undefined : indexOfEntry.get(`${name}=${value}`);
    if (whole !== undefined) {
      out.push(0x80 | whole);
      continue;
    }
    // Literal, never indexed (0x10): tokens must not enter any table on the way.
    pushInteger(out, 0x10, 4, known ?? 0);
    if (known === undefined) pushString(out, name);
    pushString(out, value);
  }
  return Uint8Array.from(out);
}

function pushInteger(out: number[], pattern: number, prefixBits: number, value: number): void {
  const mask = (1 << prefixBits) - 1;
  if (value < mask) {
    out.push(pattern | value);
    return;
  }
  out.push(pattern | mask);
  let rest = value - mask;
  while (rest >= 0x80) {
    out.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  out.push(rest);
}

/** As Latin-1. */
function pushString(out: number[], text: string): void {
  pushInteger(out, 0, 7, text.length);
  for (let i = 0; i < text.length; i++) out.push(text.charCodeAt(i) & 0xff);
}
