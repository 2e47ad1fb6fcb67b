/** Puts a header block together from a HEADERS frame and its CONTINUATION frames (RFC 9113 §4.3, §6.2, §6.10). */
import type { DecodedBlock, HpackDecoder } from '../hpack/decoder.js';
import type { ConnectionLimits } from '../limits.js';
import { ConnectionError, ErrorCode, Flag, unpaddedEnd } from './frame.js';

const priorityBytes = 5;
const noBytes = Buffer.alloc(0);

export class HeaderBlock {
  readonly #limits: ConnectionLimits;
  streamId = 0;
  endStream = false;
  /** The stream was declared to depend on itself, a stream error (RFC 7540 §5.3.1). */
  selfDependent = false;
  /** A block has begun and not ended: nothing but CONTINUATION may come. */
  open = false;
  #bytes: Buffer = noBytes;
  #start = 0;
  #end = 0;
  #continuations = 0;

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  /** Takes a HEADERS frame; true when the block is complete (and borrowed until the next frame). */
  begin(flags: number, streamId: number, bytes: Buffer, start: number, end: number): boolean {
    let first = start;
    let last = end;
    if ((flags & Flag.padded) !== 0) {
      last = unpaddedEnd(bytes, start, end);
      first += 1;
    }
    this.selfDependent = false;
    if ((flags & Flag.priority) !== 0) {
      this.selfDependent =
        first + 4 <= end && (bytes.readUInt32BE(first) & 0x7fff_ffff) === streamId;
      first += priorityBytes;
    }
    if (last < first) {
      throw new ConnectionError(ErrorCode.protocolError, 'HEADERS shorter than its priority');
    }
    this.streamId = streamId;
    this.endStream = (flags & Flag.endStream) !== 0;
    this.#continuations = 0;
    this.open = (flags & Flag.endHeaders) === 0;
    // A block that goes on must outlive the chunk that brought its beginning.
    this.#bytes = this.open ? Buffer.from(bytes.subarray(first, last)) : bytes;
    this.#start = this.open ? 0 : first;
    this.#end = this.open ? last - first : last;
    return !this.open;
  }

  continue(flags: number, streamId: number, bytes: Buffer, start: number, end: number): boolean {
    if (!this.open || streamId !== this.streamId) {
      throw new ConnectionError(ErrorCode.protocolError, 'CONTINUATION without its HEADERS');
    }
    this.#continuations += 1;
    const { headerBlockBytesMax, continuationFramesMax } = this.#limits;
    const tooMany = this.#continuations > continuationFramesMax;
    if (tooMany || this.#end + end - start > headerBlockBytesMax) {
      throw new ConnectionError(ErrorCode.enhanceYourCalm, 'a header block without end');
    }
    this.#bytes = Buffer.concat([this.#bytes, bytes.subarray(start, end)]);
    this.#end = this.#bytes.length;
    this.open = (flags & Flag.endHeaders) === 0;
    return !this.open;
  }

  /** Decodes the complete block, once. */
  decode(hpack: HpackDecoder): DecodedBlock {
    const bytes = this.#bytes;
    // The chunk that brought the block would live as long as the connection.
    this.#bytes = noBytes;
    return hpack.decode(bytes, this.#start, this.#end);
  }
}
