/**
 * The header blocks that a gRPC server sends, as ready bytes. Two fields recur in every answer (the content type and status 0); each
 * enters the peer's dynamic table with its first use and is one byte from then on. Nothing else ever enters the
 * table, so its state is two facts.
 */

const contentType = 'application/grpc';
const statusOk = 0x88;
/** `content-type` in the static table. */
const contentTypeIndex = 31;
/** First index of the dynamic table: its newest entry. */
const newest = 62;
/** Two entries of up to 32 + 12 + 16 bytes; a smaller table is not used at all. */
const tableBytesNeeded = 128;

function text(value: string): number[] {
  const bytes = Buffer.from(value, 'latin1');
  return [...integer(bytes.length, 7, 0), ...bytes];
}

function integer(value: number, bits: number, pattern: number): number[] {
  const mask = 2 ** bits - 1;
  if (value < mask) return [pattern | value];
  const octets = [pattern | mask];
  let rest = value - mask;
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets.push((rest % 128) | 128);
  octets.push(rest);
  return octets;
}

/** A literal field that leaves the table alone (RFC 7541 §6.2.2). */
const plain = (name: string, value: string): number[] => [0, ...text(name), ...text(value)];

const plainHead = Buffer.from([statusOk, ...integer(contentTypeIndex, 4, 0), ...text(contentType)]);
const firstHead = Buffer.from([
  statusOk,
  ...integer(contentTypeIndex, 6, 0x40),
  ...text(contentType),
]);
const plainOk = Buffer.from(plain('grpc-status', '0'));
const firstOk = Buffer.from([0x40, ...text('grpc-status'), ...text('0')]);
const newestHead = Buffer.from([statusOk, 0x80 | newest]);
const secondNewestHead = Buffer.from([statusOk, 0x80 | (newest + 1)]);
const newestOk = Buffer.from([0x80 | newest]);
const secondNewestOk = Buffer.from([0x80 | (newest + 1)]);

/** Percent-encodes what must not stand in a header (gRPC over HTTP/2, "Status-Message"). */
export function encodeStatusMessage(message: string): string {
  if (/^[ -$&-~]*$/.test(message)) return message;
  return [...Buffer.from(message)]
    .map((byte) =>
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('');
}

/** One per connection. Blocks must be written in the order in which they were asked for. */
export class ResponseHeaders {
  #usesTable = true;
  #announcesEmptyTable = false;
  /** Which of the two fields entered the table last; undefined fields have not entered it. */
  #head: 'absent' | 'newest' | 'second' = 'absent';
  #ok: 'absent' | 'newest' | 'second' = 'absent';

  /** SETTINGS_HEADER_TABLE_SIZE of the peer. */
  setTableBytes(bytes: number): void {
    if (!this.#usesTable || bytes >= tableBytesNeeded) return;
    this.#usesTable = false;
    // RFC 7541 §4.2: a smaller table is acknowledged at the beginning of the next block.
    this.#announcesEmptyTable = true;
  }

  /** `:status 200` and the content type. */
  head(): Uint8Array {
    if (!this.#usesTable) return this.#withAnnouncement(plainHead);
    if (this.#head === 'newest') return newestHead;
    if (this.#head === 'second') return secondNewestHead;
    this.#head = 'newest';
    if (this.#ok === 'newest') this.#ok = 'second';
    return firstHead;
  }

  /** Trailers of a call that succeeded. */
  ok(): Uint8Array {
    if (!this.#usesTable) return this.#withAnnouncement(plainOk);
    if (this.#ok === 'newest') return newestOk;
    if (this.#ok === 'second') return secondNewestOk;
    this.#ok = 'newest';
    if (this.#head === 'newest') this.#head = 'second';
    return firstOk;
  }

  /** Trailers of a call that failed. */
  failure(code: number, message: string): Uint8Array {
    return this.#withAnnouncement(Buffer.from(this.#status(code, message)));
  }

  /** Headers and trailers in one, for a call that failed before anything was sent. */
  failureOnly(httpStatus: number, code: number, message: string): Uint8Array {
    const status = httpStatus === 200 ? [statusOk] : plain(':status', String(httpStatus));
    const block = [
      ...status,
      ...plain('content-type', contentType),
      ...this.#status(code, message),
    ];
    return this.#withAnnouncement(Buffer.from(block));
  }

  #status(code: number, message: string): number[] {
    return [
      ...plain('grpc-status', String(code)),
      ...plain('grpc-message', encodeStatusMessage(message)),
    ];
  }

  #withAnnouncement(block: Uint8Array): Uint8Array {
    if (!this.#announcesEmptyTable) return block;
    this.#announcesEmptyTable = false;
    return Buffer.concat([Buffer.from([0x20]), block]);
  }
}
