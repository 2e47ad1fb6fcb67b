/** Goal: the same messages whatever pieces they come in, and no memory for bytes that have not come. Method: random messages cut at random places. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RpcCode } from '../errors.js';
import type { RpcError } from '../errors.js';
import { grpcMessage } from '../testing/frame-socket.js';
import { MessageReader } from './message-reader.js';
import type { MessageSink } from './message-reader.js';

class Collector implements MessageSink {
  readonly messages: string[] = [];
  problem: RpcError | undefined;
  goOn = true;
  messageRead(compressed: boolean, message: Buffer): boolean {
    this.messages.push(`${compressed ? 'z' : ''}${message.toString('latin1')}`);
    return this.goOn;
  }
  messageFailed(problem: RpcError): void {
    this.problem = problem;
  }
}

it('reads the same messages for every way to cut their bytes', () => {
  const bodies = fc.array(fc.string({ unit: 'binary-ascii', maxLength: 2000 }), { maxLength: 6 });
  fc.assert(
    fc.property(bodies, fc.array(fc.integer({ min: 1, max: 700 })), (texts, cuts) => {
      const bytes = Buffer.concat(texts.map((text) => grpcMessage(Buffer.from(text, 'latin1'))));
      const reader = new MessageReader(1 << 20);
      const sink = new Collector();
      let at = 0;
      for (const cut of [...cuts, Infinity]) {
        const end = Math.min(bytes.length, at + cut);
        expect(reader.read(bytes, at, end, sink)).toBe(end);
        at = end;
      }
      expect(sink.messages).toEqual(texts);
      expect(reader.partial).toBe(false);
      expect(reader.heldBytes).toBe(0);
    }),
  );
});

it('stops behind a message whose sink wants no more, and goes on from there', () => {
  const bytes = Buffer.concat(['a', 'b'].map((text) => grpcMessage(Buffer.from(text))));
  const reader = new MessageReader(100);
  const sink = new Collector();
  sink.goOn = false;
  expect(reader.read(bytes, 0, bytes.length, sink)).toBe(6);
  expect(reader.read(bytes, 6, bytes.length, sink)).toBe(12);
  expect(sink.messages).toEqual(['a', 'b']);
});

it('B-135: a message of 1.5 MiB in single bytes costs no more memory than twice what has come', () => {
  const reader = new MessageReader(2 << 20);
  const sink = new Collector();
  const bytes = grpcMessage(Buffer.alloc(1.5 * 1024 * 1024, 0x61));
  for (let at = 0; at < bytes.length; at += 1) {
    reader.read(bytes, at, at + 1, sink);
    if (reader.heldBytes > Math.max(512, 2 * (at + 1))) expect.unreachable(`held at ${String(at)}`);
  }
  expect(sink.messages.map(({ length }) => length)).toEqual([1.5 * 1024 * 1024]);
});

it('H-P5: a length over the limit is refused by the prefix, before any of the body', () => {
  for (const pieces of [[5], [2, 5], [1, 2, 3, 4, 5]]) {
    const reader = new MessageReader(100);
    const sink = new Collector();
    const prefix = grpcMessage(Buffer.alloc(0), 0, 101);
    let at = 0;
    for (const end of pieces) {
      reader.read(prefix, at, end, sink);
      at = end;
    }
    expect(sink.problem?.code).toBe(RpcCode.resourceExhausted);
    expect(reader.heldBytes).toBe(0);
  }
});

it('B-131: a flag that is neither 0 nor 1 is refused', () => {
  for (const flag of [2, 128, 255]) {
    const sink = new Collector();
    new MessageReader(100).read(grpcMessage(Buffer.from('x'), flag), 0, 6, sink);
    expect(sink.problem?.code).toBe(RpcCode.internal);
  }
});
