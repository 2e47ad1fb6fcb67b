/**
 * Text as Go has it: a `ByteString` is a string with one character per byte. This file alone converts.
 *
 * Literals in this package's source are ASCII, for which both views agree.
 */

/** One character per byte, all below U+0100. Compares and slices as bytes do. */
export type ByteString = string;

/** What Node decoded as UTF-8 (an argument, a field of a message), as bytes again. */
export function fromText(text: string): ByteString {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** For what must be a JavaScript text: a host name, the name of an environment variable. Invalid UTF-8 becomes U+FFFD. */
export function toText(bytes: ByteString): string {
  return isAscii(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');
}

/** A copy. */
export function toBytes(bytes: ByteString): Uint8Array {
  return Buffer.from(bytes, 'latin1');
}

/** A copy. */
export function fromBytes(bytes: Uint8Array): ByteString {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) return false;
  }
  return true;
}
