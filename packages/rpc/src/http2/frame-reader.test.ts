/** Goal: frames come out the same whatever pieces the bytes come in. Method: random frames cut at random places against the frames themselves. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ConnectionError, ErrorCode, clientPreface, framePayloadBytesMax } from './frame.js';
import { FrameReader } from './frame-reader.js';

interface Seen {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: string;
}

function readerInto(seen: Seen[]): FrameReader {
  return new FrameReader({
    onFrame(type, flags, streamId, bytes, start, end) {
      seen.push({ type, flags, streamId, payload: bytes.toString('latin1', start, end) });
    },
  });
}

function encode({ type, flags, streamId, payload }: Seen): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, Buffer.from(payload, 'latin1')]);
}

const octet = fc.nat(255);
const frames = fc.array(
  fc.record({
    type: octet,
    flags: octet,
    streamId: fc.nat(0x7fff_ffff),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
      fc.nat(framePayloadBytesMax).map((length) => 'x'.repeat(length)),
    ),
  }),
  { maxLength: 6 },
);

it('hands on the same frames for every way to cut their bytes', () => {
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 40_000 })), (sent, cuts) => {
      const bytes = Buffer.concat([clientPreface, ...sent.map(encode)]);
      const seen: Seen[] = [];
      const reader = readerInto(seen);
      let at = 0;
      for (const cut of cuts) {
        reader.read(bytes.subarray(at, at + cut));
        at = Math.min(bytes.length, at + cut);
      }
      reader.read(bytes.subarray(at));
      expect(seen).toEqual(sent);
    }),
  );
});

it('B-135: frames that come byte by byte are the same frames', () => {
  const sent = [0, 1, 9, 300].map((length) => ({
    type: 0,
    flags: 0,
    streamId: 1,
    payload: 'y'.repeat(length),
  }));
  const seen: Seen[] = [];
  const reader = readerInto(seen);
  for (const byte of Buffer.concat([clientPreface, ...sent.map(encode)])) {
    reader.read(Buffer.from([byte]));
  }
  expect(seen).toEqual(sent);
});

it('refuses a frame over the limit by its header, before any of its payload', () => {
  const reader = readerInto([]);
  reader.read(clientPreface);
  const header = Buffer.alloc(9);
  header.writeUIntBE(framePayloadBytesMax + 1, 0, 3);
  expect(() => {
    reader.read(header);
  }).toThrow(expect.objectContaining({ code: ErrorCode.frameSizeError }));
});

it('B-132: refuses what is not the preface at its first wrong byte', () => {
  for (const bytes of ['GET / HTTP/1.1\r\n', 'SSH-2.0-', '\x16\x03\x01', 'PRI * HTTP/1.1']) {
    expect(() => {
      readerInto([]).read(Buffer.from(bytes, 'latin1'));
    }, JSON.stringify(bytes)).toThrow(ConnectionError);
  }
});
