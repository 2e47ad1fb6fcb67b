/** The HTTP/2 connection without sockets: what a server that misbehaves can do to it. */
import { describe, expect, test } from 'vitest';
import { Http2Connection } from './connection.js';
import { Flag, FrameType, frameBytes, settingsBytes, uint32Bytes } from './frame.js';
import { encodeHeaders } from './hpack.js';
import type { StreamEvents } from './stream.js';

const empty = new Uint8Array(0);

const request = encodeHeaders([]);
const endOf = (streamId: number): Uint8Array =>
  frameBytes(FrameType.headers, Flag.endHeaders | Flag.endStream, streamId, request);

function opened(firstId?: number): {
  readonly connection: Http2Connection;
  readonly written: Uint8Array[];
  readonly log: string[];
  readonly events: StreamEvents;
} {
  const written: Uint8Array[] = [];
  const log: string[] = [];
  const told = {
    ready: () => log.push('ready'),
    draining: () => log.push('draining'),
    drained: () => log.push('drained'),
    failed: (reason: Error) => log.push(`failed: ${reason.message}`),
  };
  const connection = new Http2Connection((bytes) => written.push(bytes), told, firstId);
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

  test('GOAWAY: when the last stream is over, the socket can go', () => {
    const { connection, log, events } = opened();
    connection.receive(settingsBytes([]));
    connection.open(request, empty, true, events);
    connection.receive(frameBytes(FrameType.goAway, 0, 0, uint32Bytes(1, 0)));
    expect(log).toEqual(['ready', 'draining']);
    connection.receive(endOf(1));
    expect(log).toContain('drained');
  });

  test('streams beyond those that the server takes wait for room, and go out in order', () => {
    const { connection, written, log, events } = opened();
    connection.receive(settingsBytes([[3, 1]]));
    written.length = 0;
    for (let n = 0; n < 3; n++) connection.open(request, Uint8Array.of(n), true, events);
    const sent = (): number[] =>
      written.filter((frame) => frame[3] === FrameType.data).map((frame) => frame[9] ?? -1);
    expect(sent()).toEqual([0]);
    expect(connection.streamCount).toBe(3);
    connection.receive(endOf(1));
    expect(sent()).toEqual([0, 1]);
    connection.receive(settingsBytes([[3, 10]]));
    expect(sent()).toEqual([0, 1, 2]);
    expect(log).not.toContain('reset 7');
  });

  test('C1: a stream that waited for room was never sent, whatever ends the connection', () => {
    for (const end of [
      (connection: Http2Connection): void => {
        connection.receive(frameBytes(FrameType.goAway, 0, 0, uint32Bytes(1, 0)));
      },
      (connection: Http2Connection): void => {
        connection.end(new Error('cut'));
      },
    ]) {
      const { connection, log, events } = opened();
      connection.receive(settingsBytes([[3, 1]]));
      connection.open(request, empty, true, events);
      connection.open(request, empty, true, events);
      end(connection);
      expect(log).toContain('closed true');
    }
  });

  test('a stream that is given up while it waits leaves no trace', () => {
    const { connection, written, events } = opened();
    connection.receive(settingsBytes([[3, 1]]));
    connection.open(request, empty, true, events);
    const waiting = connection.open(request, empty, true, events);
    written.length = 0;
    waiting.reset(8);
    waiting.send(Uint8Array.of(1), false);
    connection.receive(endOf(1));
    expect(written).toEqual([]);
    expect(connection.streamCount).toBe(0);
  });

  test('the last stream number is the end of a connection: others need another one', () => {
    const { connection, log, events } = opened(0x7ffffffd);
    connection.receive(settingsBytes([]));
    connection.open(request, empty, true, events);
    expect(connection.isOpen).toBe(true);
    connection.open(request, empty, true, events);
    expect(connection.isOpen).toBe(false);
    expect(log).toEqual(['ready', 'draining']);
    connection.receive(endOf(0x7ffffffd));
    connection.receive(endOf(0x7fffffff));
    expect(log.at(-1)).toBe('headers 0 true');
    expect(log).toContain('drained');
  });

  test('J-7: more data than the window allows ends the connection', () => {
    const { connection, log, events } = opened();
    connection.receive(settingsBytes([]));
    const stream = connection.open(request, empty, true, events);
    const frame = frameBytes(FrameType.data, 0, 1, new Uint8Array(16_384));
    for (let n = 0; n < 64; n++) connection.receive(frame);
    stream.credit(16_384);
    connection.receive(frame);
    expect(log.at(-1)).toBe('data 16384 false');
    connection.receive(frame);
    expect(log.at(-1)).toMatch(/^failed: more data on stream 1 than its window allows/);
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
