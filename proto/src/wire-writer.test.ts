/** Goal: lengths and buffers of the writer hold at their steps. Method: messages just below and above each step, against a plain formula. */
import { expect, it } from 'vitest';
import { decodeMessage, encodeMessage } from './codec.js';
import { ProtoError } from './proto-error.js';
import { PutRequest, PutResponse, TxnRequest } from './kv.js';
import { HashResponse } from './maintenance.js';
import { WireWriter } from './wire-writer.js';

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

it.each([0, 1, 126, 127, 128, 511, 512, 16_383, 16_384, 65_536, 2_097_151, 2_097_152])(
  'a message of %i bytes inside of another gets the right length',
  (length) => {
    const content = new Uint8Array(length).fill(7);
    const outer = new WireWriter().uint32(10).fork();
    for (const byte of content) outer.bool(byte === 7);
    const bytes = outer.join().uint32(24).finish();
    const expected = [10, ...varint(length), ...content.fill(1), 24];
    expect(Buffer.from(expected).equals(bytes)).toBe(true);
  },
);

it('moves messages in messages when their lengths grow', () => {
  const key = new Uint8Array(200).fill(0x6b);
  let txn = TxnRequest.create({});
  for (let i = 0; i < 60; i++) {
    txn = TxnRequest.create({
      success: [
        { request: { $case: 'requestPut', value: PutRequest.create({ key }) } },
        { request: { $case: 'requestTxn', value: txn } },
      ],
    });
  }
  expect(decodeMessage(TxnRequest, encodeMessage(TxnRequest, txn))).toEqual(txn);
});

it('messages that are written at the same time do not share bytes', () => {
  const one = new WireWriter();
  const two = new WireWriter();
  one.bytes(new Uint8Array([1]));
  two.bytes(new Uint8Array([2]));
  expect([...one.finish()]).toEqual([1, 1]);
  expect([...two.finish()]).toEqual([1, 2]);
});

it('a message that fails half-way leaves nothing behind', () => {
  const bad = PutRequest.create({ key: new Uint8Array([9]), lease: 2n ** 63n });
  expect(() => encodeMessage(PutRequest, bad)).toThrow(ProtoError);
  expect(encodeMessage(PutResponse, PutResponse.create({}))).toHaveLength(0);
});

it.each([-1, 2 ** 32, 0.5, Number.NaN])('%d is no uint32', (hash) => {
  expect(() => encodeMessage(HashResponse, HashResponse.create({ hash }))).toThrow(
    expect.objectContaining({ code: 'out_of_range' }),
  );
});
