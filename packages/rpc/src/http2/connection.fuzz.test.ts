/**
 * Goal: no bytes of a peer break the server (B-132, B-134). Method: from a seed, frames that are nearly right, cut at random places; the connection
 * must not throw, must not hold more than its limits, and must serve until it ends it.
 */
import { expect, it } from 'vitest';
import { defaultConnectionLimits } from '../limits.js';
import { Connection } from './connection.js';
import type { ConnectionHost, RequestSink } from './connection.js';
import { clientPreface } from './frame.js';
import { Http2Stream } from './stream.js';

/** xorshift32: a seed gives the same bytes on every machine. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

class SilentStream extends Http2Stream {
  override onData(_bytes: Buffer, start: number, end: number): void {
    this.connection.consumed(this, end - start);
  }
  override onRemoteEnd(): void {
    this.connection.sender.head(this);
    this.connection.sender.message(this, new Uint8Array(20));
    this.connection.sender.finish(this, { code: 0, message: '' });
  }
  override onAbort(): void {
    // Nothing is held.
  }
  override onQueueShorter(): void {
    // Nothing waits for it.
  }
}

function frame(random: (below: number) => number): Buffer {
  const length = random(8) === 0 ? random(200) : random(12);
  const header = Buffer.alloc(9);
  header.writeUIntBE(random(50) === 0 ? random(1 << 24) : length, 0, 3);
  header[3] = random(11);
  header[4] = random(256);
  header.writeUInt32BE(random(20), 5);
  const payload = Buffer.from(Array.from({ length }, () => random(256)));
  // Often a block that opens a stream, so that the fuzzer gets behind the first checks.
  return random(3) === 0
    ? Buffer.concat([
        Buffer.from([0, 0, 3, 1, 4 | random(2), 0, 0, 0, 1 + 2 * random(20)]),
        Buffer.from([0x83, 0x86, 0x84]),
      ])
    : Buffer.concat([header, payload]);
}

it('survives nearly valid connections', () => {
  const seedOfRun = 20_261_121;
  process.stdout.write(`seed ${String(seedOfRun)}\n`);
  for (let run = 0; run < 3000; run += 1) {
    const random = randomOf(seedOfRun + run * 7919);
    let ended = 0;
    const host: ConnectionHost & RequestSink = {
      openStream: (connection, id) => new SilentStream(connection, id),
      checkTrailers: () => undefined,
      onOutput: () => undefined,
      onEnd: () => {
        ended += 1;
      },
    };
    const connection = new Connection(host, host, {
      limits: defaultConnectionLimits,
      keepalive: { keepaliveIntervalMs: 0, keepaliveTimeoutMs: 0, keepaliveMinTimeMs: 0 },
      concurrentStreamsMax: 10,
      waitingTotal: { bytes: 0 },
      nowMs: 0,
    });
    const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
    const frames = Array.from({ length: 1 + random(40) }, () => frame(random));
    const bytes = Buffer.concat([clientPreface, settings, ...frames]);
    for (let at = 0; at < bytes.length;) {
      const end = Math.min(bytes.length, at + 1 + random(100));
      connection.receive(bytes.subarray(at, end), 0);
      connection.beforeFlush();
      connection.sender.output.take();
      at = end;
    }
    connection.end(undefined);
    expect(ended).toBe(1);
  }
});
