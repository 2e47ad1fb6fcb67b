/** Goal: a client understands our header blocks, whatever their order. Method: our own decoder at the other end, over all orders. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HpackDecoder } from '../hpack/decoder.js';
import { ResponseHeaders, encodeStatusMessage } from './response-headers.js';

function reader(): (block: Uint8Array) => string {
  const decoder = new HpackDecoder({ tableBytesMax: 4096, listBytesMax: 65_536 });
  return (block) =>
    (decoder.decode(Buffer.from(block), 0, block.length) ?? [])
      .map(({ name, value }) => `${name}=${value}`)
      .join(' ');
}

const head = ':status=200 content-type=application/grpc';
const failure = 'grpc-status=5 grpc-message=not found';

describe('response headers', () => {
  it('any sequence of blocks decodes to what was meant, also when the table shrinks in between', () => {
    const step = fc.constantFrom('head', 'ok', 'failure', 'refused', 'shrink');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const headers = new ResponseHeaders();
        const read = reader();
        for (const kind of steps) {
          if (kind === 'head') expect(read(headers.head())).toBe(head);
          else if (kind === 'ok') expect(read(headers.ok())).toBe('grpc-status=0');
          else if (kind === 'failure') expect(read(headers.failure(5, 'not found'))).toBe(failure);
          else if (kind === 'refused') {
            expect(read(headers.failureOnly(415, 3, ''))).toBe(
              ':status=415 content-type=application/grpc grpc-status=3 grpc-message=',
            );
          } else headers.setTableBytes(0);
        }
      }),
    );
  });

  it('costs three bytes for an answer once the table knows them', () => {
    const headers = new ResponseHeaders();
    headers.head();
    headers.ok();
    expect(headers.head().length + headers.ok().length).toBe(3);
  });

  it('percent-encodes messages as the gRPC specification says', () => {
    expect(encodeStatusMessage('plain ~ text')).toBe('plain ~ text');
    expect(encodeStatusMessage('50%\né')).toBe('50%25%0A%C3%A9');
  });
});
