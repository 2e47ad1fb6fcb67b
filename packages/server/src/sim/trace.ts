/**
 * What happened, as one number: the same seed gives the same trace hash, in this process and in any other. Everything that crosses
 * between members, and between members and clients, is folded into it.
 */

/** Lines kept to be shown when a seed fails. */
const LINES_MAX = 400;

export class Trace {
  #low = 0x811c9dc5;
  #high = 0x1000193;
  #events = 0;
  readonly #lines: string[] = [];
  readonly #print: ((line: string) => void) | undefined;

  /** `print`: hears every line at once. */
  constructor(print?: (line: string) => void) {
    this.#print = print;
  }

  /** Something worth a line. */
  line(atMs: number, text: string): void {
    const line = `${atMs.toFixed(1).padStart(9)} ${text}`;
    this.text(line);
    this.#print?.(line);
    if (this.#lines.length === LINES_MAX) this.#lines.shift();
    this.#lines.push(line);
  }

  /** The latest lines, oldest first. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  text(text: string): void {
    for (let n = 0; n < text.length; n++) this.#fold(text.charCodeAt(n));
    this.#events += 1;
  }

  bytes(bytes: Uint8Array): void {
    for (const byte of bytes) this.#fold(byte);
    this.#events += 1;
  }

  number(value: number): void {
    this.#fold(value | 0);
    this.#fold((value * 1000) | 0);
  }

  /** 16 hexadecimal digits. */
  get hash(): string {
    this.#fold(this.#events);
    return [this.#high, this.#low]
      .map((half) => (half >>> 0).toString(16).padStart(8, '0'))
      .join('');
  }

  /** FNV-1a on one half, a multiplicative mix on the other. */
  #fold(value: number): void {
    this.#low = Math.imul(this.#low ^ value, 0x01000193);
    this.#high = Math.imul(this.#high ^ this.#low ^ (this.#high >>> 15), 0x85ebca6b);
  }
}
