/** Goal: pages are counted right without decoding them. Method: responses from the codec, with long and short fields. */
import { KeyValue, RangeResponse, kvService } from '@kv/proto';
import { expect, test } from 'vitest';
import { scanPage } from './store.js';

const page = (keys: readonly string[]): Buffer =>
  Buffer.from(
    kvService.range.response.encode(
      RangeResponse.create({
        header: { clusterId: 2n ** 63n, memberId: 5n, revision: 300n, raftTerm: 2n },
        kvs: keys.map((key) =>
          KeyValue.create({
            key: Buffer.from(key),
            value: Buffer.alloc(200),
            modRevision: 2n ** 40n,
          }),
        ),
        more: true,
        count: 1_000_000n,
      }),
    ),
  );

test('keys are counted and the last is found', () => {
  const { keys, last } = scanPage(page(['a', 'b', 'x'.repeat(200)]));
  expect(keys).toBe(3);
  expect(last.toString()).toBe('x'.repeat(200));
});

test('a page without keys has none', () => {
  expect(scanPage(page([])).keys).toBe(0);
});
