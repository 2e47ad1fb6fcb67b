/** SETTINGS payloads (RFC 9113 §6.5): ours written, the peer's read and checked. */
import type { ConnectionLimits } from '../limits.js';
import {
  ConnectionError,
  ErrorCode,
  SettingId,
  framePayloadBytesMax,
  windowBytesMax,
} from './frame.js';

const entryBytes = 6;

/** What of the peer's settings concerns a server. */
export interface PeerSettings {
  headerTableBytes?: number;
  initialWindowBytes?: number;
  framePayloadBytesMax?: number;
}

/** What we announce. */
export function settingsPayload(limits: ConnectionLimits, concurrentStreamsMax: number): Buffer {
  const settings = [
    [SettingId.headerTableSize, limits.headerTableBytes],
    [SettingId.maxConcurrentStreams, concurrentStreamsMax],
    [SettingId.initialWindowSize, limits.streamWindowBytes],
    [SettingId.maxFrameSize, framePayloadBytesMax],
    [SettingId.maxHeaderListSize, limits.headerListBytesMax],
  ] as const;
  const payload = Buffer.alloc(settings.length * entryBytes);
  settings.forEach(([id, value], index) => {
    payload.writeUInt16BE(id, index * entryBytes);
    payload.writeUInt32BE(value, index * entryBytes + 2);
  });
  return payload;
}

export function readSettings(bytes: Buffer, start: number, end: number): PeerSettings {
  if ((end - start) % entryBytes !== 0) {
    throw new ConnectionError(ErrorCode.frameSizeError, 'SETTINGS are six bytes each');
  }
  const settings: PeerSettings = {};
  for (let at = start; at < end; at += entryBytes) {
    const value = bytes.readUInt32BE(at + 2);
    switch (bytes.readUInt16BE(at)) {
      case SettingId.headerTableSize:
        settings.headerTableBytes = value;
        break;
      case SettingId.enablePush:
        if (value > 1) throw new ConnectionError(ErrorCode.protocolError, 'ENABLE_PUSH is 0 or 1');
        break;
      case SettingId.initialWindowSize:
        if (value > windowBytesMax) {
          throw new ConnectionError(ErrorCode.flowControlError, 'INITIAL_WINDOW_SIZE over 2^31-1');
        }
        settings.initialWindowBytes = value;
        break;
      case SettingId.maxFrameSize:
        if (value < framePayloadBytesMax || value > 0xff_ffff) {
          throw new ConnectionError(ErrorCode.protocolError, 'MAX_FRAME_SIZE out of range');
        }
        settings.framePayloadBytesMax = value;
        break;
      default:
        // MAX_CONCURRENT_STREAMS and MAX_HEADER_LIST_SIZE bound pushes and large headers, of which we send none.
        break;
    }
  }
  return settings;
}
