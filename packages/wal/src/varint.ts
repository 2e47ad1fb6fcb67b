/** Varints of protobuf as this package reads them: counters, never beyond the bytes that they may come from. */

/** Where the varint that was read last ends; a second result without an object per call. */
export let varintEnd = 0;

/** The varint at `at`, at most 2^53 - 1; -1 if there is none before `end`. Sets {@link varintEnd}. */
export function readVarint(bytes: Uint8Array, at: number, end: number): number {
  let value = 0;
  let scale = 1;
  for (let i = at; i < end && i < at + 10; i++) {
    const byte = bytes[i] ?? 0;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      varintEnd = i + 1;
      return Number.isSafeInteger(value) ? value : -1;
    }
    scale *= 128;
  }
  return -1;
}
