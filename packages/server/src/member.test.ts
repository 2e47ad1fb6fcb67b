/** One member from the first start on: what it answers, and what it has after a restart. In memory, with a clock of its own. */
import { kvService, PutRequest, RangeRequest } from '@kv/proto';
import { describe, expect, it } from 'vitest';
import { MemoryMember } from './testing/index.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('a member that is alone', () => {
  it('answers a put, and a read of it', async () => {
    const m = await MemoryMember.open();
    const put = await m.call(
      kvService.put,
      PutRequest.create({ key: bytes('a'), value: bytes('1') }),
    );
    expect(put.header?.revision).toBe(2n);
    const range = await m.call(kvService.range, RangeRequest.create({ key: bytes('a') }));
    expect(range.kvs.map((kv) => Buffer.from(kv.value).toString())).toEqual(['1']);
    await m.stop();
  });
});
