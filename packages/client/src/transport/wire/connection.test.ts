/** The HTTP/2 connection without sockets: what a server that misbehaves can do to it. */
import { describe, expect, test } from 'vitest';
import { Http2Connection, type StreamEvents } from './connection.js';
import { Flag, FrameType, frameBytes, settingsBytes, uint32Bytes } from './frame.js';
import { encodeHeaders } from './hpack.js';

const empty = new Uint8Array(0);

function opened(): {
  readonly connection: Http2Connection;
  readonly written: Uint8Array[];
  readonly log: string[];
  readonly events: StreamEvents;
} {
  const written: Uint8Array[] = [];
  const log: string[] = [];
  const connection = new Http2Connection((bytes) => written.push(bytes), {
    ready: () => log.push('ready'),
    draining: () => log.push('draining'),
    failed: (reason) => log.push(`failed: ${reason.message}`),
  });
  const events: StreamEvents = {
    headers: (fields, end) => log.push(`headers ${fields.length} ${end}`),
    data: (bytes, end) => log.push(`data ${bytes.length} ${end}`),
    reset: (code) => log.push(`reset ${code}`),
    closed: (_reason, unprocessed) => log.push(`closed ${unprocessed}`),
  };
  connection.start();
  return { connection, written, log, events };
}

describe('Http2Connection', () => {
  test('is open once the server sent SETTINGS, not before', () => {
    const { connection, log } = opened();
    expect(connection.isOpen).toBe(false);
    connection.receive(settingsBytes([]));
    expect(connection.isOpen).toBe(true);
    expect(log).toEqual(['ready']);
  });

  test('GOAWAY: streams above the last one were never looked at; the others go on', () => {
    const { connection, log, events } = opened();
    connection.receive(settingsBytes([]));
    connection.open(encodeHeaders([]), empty, true, events);
    connection.open(encodeHeaders([]), empty, true, events);
    connection.receive(frameBytes(FrameType.goAway, 0, 0, uint32Bytes(1, 0)));
    expect(log).toEqual(['ready', 'closed true', 'draining']);
    expect(connection.isOpen).toBe(false);
    connection.receive(
      frameBytes(FrameType.headers, Flag.endHeaders | Flag.endStream, 1, encodeHeaders([])),
    );
    expect(log.at(-1)).toBe('headers 0 true');
  });

  test('sends no more than the windows allow, and the rest when they open', () => {
    const { connection, written, events } = opened();
    connection.receive(settingsBytes([[4, 10]]));
    written.length = 0;
    connection.open(encodeHeaders([]), new Uint8Array(25), true, events);
    const dataBytes = (): number => Buffer.concat(written).length - 9; // Without the HEADERS frame, which is empty.
    expect(dataBytes()).toBe(9 + 10);
    connection.receive(frameBytes(FrameType.windowUpdate, 0, 1, uint32Bytes(15)));
    expect(dataBytes()).toBe(9 + 10 + 9 + 15);
  });

  test.each([
    [
      'a first frame that is not SETTINGS',
      frameBytes(FrameType.ping, 0, 0, new Uint8Array(8)),
      'the first frame',
    ],
    [
      'a push',
      Buffer.concat([
        settingsBytes([]),
        frameBytes(FrameType.pushPromise, 0, 1, new Uint8Array(4)),
      ]),
      'push was refused',
    ],
    [
      'a CONTINUATION out of nowhere',
      Buffer.concat([settingsBytes([]), frameBytes(FrameType.continuation, 0, 1, empty)]),
      'CONTINUATION without HEADERS',
    ],
    [
      'J-16: header blocks without end',
      Buffer.concat([
        settingsBytes([]),
        frameBytes(FrameType.headers, 0, 1, new Uint8Array(16_000)),
        ...Array.from({ length: 4 }, () =>
          frameBytes(FrameType.continuation, 0, 1, new Uint8Array(16_000)),
        ),
      ]),
      'header block exceeds',
    ],
    [
      'a block that cannot be decoded',
      Buffer.concat([
        settingsBytes([]),
        frameBytes(FrameType.headers, Flag.endHeaders, 1, Uint8Array.of(0x80)),
      ]),
      'header index 0',
    ],
  ])('%s ends the connection, tells its streams and says GOAWAY', (_name, bytes, reason) => {
    const { connection, written, log } = opened();
    connection.receive(bytes);
    expect(log.at(-1)).toContain(`failed: ${reason}`);
    expect(written.at(-1)?.[3]).toBe(FrameType.goAway);
    expect(connection.isOpen).toBe(false);
  });
});
