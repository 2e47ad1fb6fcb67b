/** Request metadata over the decoded header fields: a scan, since a request has a dozen of them and most calls ask for two. */
import type { HeaderField } from '../hpack/static-table.js';
import type { Metadata } from '../handler.js';

/** Standard base64, padded or not (gRPC over HTTP/2, "Binary-Header"). */
export function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.replace(/=+$/, '').length % 4 !== 1;
}

export class HeaderMetadata implements Metadata {
  readonly #fields: readonly HeaderField[];

  constructor(fields: readonly HeaderField[]) {
    this.#fields = fields;
  }

  get(key: string): string | undefined {
    for (const field of this.#fields) {
      if (field.name === key) return field.value;
    }
    return undefined;
  }

  getBinary(key: string): Uint8Array | undefined {
    const text = this.get(key);
    return text === undefined ? undefined : new Uint8Array(Buffer.from(text, 'base64'));
  }
}
