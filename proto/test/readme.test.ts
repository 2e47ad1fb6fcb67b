/** Goal: the README's example is true. Method: what it shows, run with the values that it names. */
import { expect, it } from 'vitest';
import { findWireErrorKey } from '../src/errors.js';
import { PutRequest, kvService } from '../src/kv.js';

it('does what the README says', () => {
  const request = PutRequest.create({
    key: new Uint8Array([0x61]),
    value: new Uint8Array([0x62]),
    lease: 7n,
  });
  const bytes = kvService.put.request.encode(request);
  const again = kvService.put.request.decode(bytes);
  expect(again).toEqual(request);
  expect(again.key.buffer).toBe(bytes.buffer);
  expect(kvService.put.path).toBe('/etcdserverpb.KV/Put');
  expect(findWireErrorKey('etcdserver: mvcc: required revision has been compacted')).toBe(
    'compacted',
  );
});
