/** The little of DER (X.690 §8, §10) that certificates and lists of revoked ones need: values are written, and walked over. */

/** Tags that are used here. */
export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  /** Of the context, constructed, number 0 and 3. */
  explicit0: 0xa0,
  explicit3: 0xa3,
} as const;

/** One value: its tag and length, then the parts. Shorter than 64 KiB. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

export interface DerValue {
  readonly tag: number;
  /** A view of the bytes that were read. */
  readonly content: Uint8Array;
}

/** The values that follow one another in `bytes`; undefined when these are no whole values. */
export function readDer(bytes: Uint8Array): readonly DerValue[] | undefined {
  const values: DerValue[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = bytes[at] ?? 0;
    const first = bytes[at + 1];
    if (first === undefined) return undefined;
    let length = first;
    at += 2;
    if (first >= 0x80) {
      const lengthBytes = first & 0x7f;
      // DER has no indefinite length, and nothing here is longer than 4 GiB.
      if (lengthBytes === 0 || lengthBytes > 4) return undefined;
      length = 0;
      for (let count = 0; count < lengthBytes; count += 1) {
        length = length * 0x100 + (bytes[at] ?? 0);
        at += 1;
      }
    }
    if (at + length > bytes.length) return undefined;
    values.push({ tag, content: bytes.subarray(at, at + length) });
    at += length;
  }
  return values;
}
