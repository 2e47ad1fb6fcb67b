/** The dynamic table of HPACK (RFC 7541 §2.3.2 and §4): the newest fields first, bounded in octets, oldest evicted. */
import type { HeaderField } from './static-table.js';

/** What an entry costs beyond its octets (RFC 7541 §4.1). */
const entryOverheadBytes = 32;

/** Size of a field as the table and SETTINGS_MAX_HEADER_LIST_SIZE count it. */
export function fieldBytes(name: string, value: string): number {
  return name.length + value.length + entryOverheadBytes;
}

export class DynamicTable {
  /** A ring; the newest entry is at `#newest`. Grows by doubling, so that memory follows use. */
  #ring: (HeaderField | undefined)[] = new Array<HeaderField | undefined>(16).fill(undefined);
  #newest = 0;
  #length = 0;
  #bytes = 0;
  #bytesMax: number;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get length(): number {
    return this.#length;
  }

  /** Position 0 is the newest entry. */
  get(position: number): HeaderField | undefined {
    if (position >= this.#length) return undefined;
    return this.#ring[(this.#newest + position) & (this.#ring.length - 1)];
  }

  /** A field larger than the whole table empties it, which is no error (RFC 7541 §4.4). */
  add(field: HeaderField): void {
    const bytes = fieldBytes(field.name, field.value);
    this.#evictTo(this.#bytesMax - bytes);
    if (bytes > this.#bytesMax) return;
    if (this.#length === this.#ring.length) this.#grow();
    this.#newest = (this.#newest - 1) & (this.#ring.length - 1);
    this.#ring[this.#newest] = field;
    this.#length += 1;
    this.#bytes += bytes;
  }

  resize(bytesMax: number): void {
    this.#bytesMax = bytesMax;
    this.#evictTo(bytesMax);
  }

  #evictTo(bytes: number): void {
    while (this.#length > 0 && this.#bytes > bytes) {
      this.#length -= 1;
      const at = (this.#newest + this.#length) & (this.#ring.length - 1);
      const evicted = this.#ring[at];
      this.#ring[at] = undefined;
      if (evicted !== undefined) this.#bytes -= fieldBytes(evicted.name, evicted.value);
    }
  }

  #grow(): void {
    const wider = new Array<HeaderField | undefined>(this.#ring.length * 2).fill(undefined);
    for (let position = 0; position < this.#length; position += 1) {
      wider[position] = this.get(position);
    }
    this.#ring = wider;
    this.#newest = 0;
  }
}
