/** What RFC 9113 §6 says of each type of frame by itself: on which streams it may come, and how long it is. */
import { ConnectionError, ErrorCode, Flag, FrameType } from './frame.js';

const isError = (code: ErrorCode, message: string): never => {
  throw new ConnectionError(code, message);
};

/** Throws {@link ConnectionError}. What is only an error of a stream, or depends on the state of one, is not checked here. */
export function checkFrame(type: number, flags: number, id: number, length: number): void {
  switch (type) {
    case FrameType.data:
      if (id === 0) isError(ErrorCode.protocolError, 'DATA on stream 0');
      return;
    case FrameType.headers:
      if (id % 2 === 0) isError(ErrorCode.protocolError, 'HEADERS on an even stream');
      return;
    case FrameType.priority:
      if (id === 0) isError(ErrorCode.protocolError, 'PRIORITY on stream 0');
      return;
    case FrameType.rstStream:
      if (length !== 4) isError(ErrorCode.frameSizeError, 'RST_STREAM is 4 bytes');
      if (id === 0) isError(ErrorCode.protocolError, 'RST_STREAM on stream 0');
      return;
    case FrameType.settings:
      if (id !== 0) isError(ErrorCode.protocolError, 'SETTINGS on a stream');
      if ((flags & Flag.ack) !== 0 && length !== 0) {
        isError(ErrorCode.frameSizeError, 'SETTINGS ack with payload');
      }
      return;
    case FrameType.pushPromise:
      isError(ErrorCode.protocolError, 'PUSH_PROMISE from a client');
      return;
    case FrameType.ping:
      if (id !== 0) isError(ErrorCode.protocolError, 'PING on a stream');
      if (length !== 8) isError(ErrorCode.frameSizeError, 'PING is 8 bytes');
      return;
    case FrameType.goaway:
      if (id !== 0) isError(ErrorCode.protocolError, 'GOAWAY on a stream');
      return;
    case FrameType.windowUpdate:
      if (length !== 4) isError(ErrorCode.frameSizeError, 'WINDOW_UPDATE is 4 bytes');
      return;
    default:
      // CONTINUATION is its header block's business, and unknown types may be anything (§4.1).
      return;
  }
}
