import { describe, expect, it } from 'vitest';
import { protocolOf } from './sniff.js';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

describe('the first bytes of a connection', () => {
  it('decide as soon as they can', () => {
    expect(protocolOf(bytes('G'))).toBe('http1');
    expect(protocolOf(bytes('\x16'))).toBe('tls');
    expect(protocolOf(bytes(preface))).toBe('http2');
    expect(protocolOf(bytes(`${preface}more`))).toBe('http2');
  });

  it('are waited for while they may still be the preface', () => {
    for (let length = 0; length < preface.length; length += 1) {
      expect(protocolOf(bytes(preface.slice(0, length)))).toBeUndefined();
      expect(protocolOf(bytes(`${preface.slice(0, length)}\0`))).toBe('http1');
    }
  });

  it('tell PROPFIND from the preface', () => {
    expect(protocolOf(bytes('PRO'))).toBe('http1');
  });
});
