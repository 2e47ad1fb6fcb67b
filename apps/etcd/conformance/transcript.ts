/**
 * What a script saw, as text that two servers can be compared by. Everything stands in it as it came, except what may
 * differ between two runs: terms, indexes of the log, sizes.
 */

const volatile = new Set(['raftTerm', 'raftIndex', 'raftAppliedIndex', 'dbSize', 'dbSizeInUse']);

/** Readable and unambiguous: printable ASCII as it is, the rest as \xNN. */
function textOfBytes(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x5c;
    text += plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return text;
}

export class Transcript {
  readonly lines: string[] = [];
  add(title: string, value: unknown): void {
    this.lines.push(`${title} -> ${JSON.stringify(this.#plain('', value))}`);
  }

  #plain(key: string, value: unknown): unknown {
    if (volatile.has(key)) return value === 0n || value === 0 ? 'zero' : 'some';
    if (typeof value === 'bigint') return value.toString();
    if (value instanceof Uint8Array) return textOfBytes(value);
    if (Array.isArray(value)) return value.map((item) => this.#plain('', item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, this.#plain(name, item)]),
    );
  }
}
