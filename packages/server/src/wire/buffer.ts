/** Bytes as Node's Buffer, without a copy: for the methods that Uint8Array lacks. Buffers never leave this package. */

export function bufferOver(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Short texts that are stored or compared as bytes. */
export function utf8(text: string): Buffer {
  return Buffer.from(text, 'utf8');
}

export function textOf(bytes: Uint8Array): string {
  return bufferOver(bytes).toString('utf8');
}
