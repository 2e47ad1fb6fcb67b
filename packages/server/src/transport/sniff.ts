/** Who is calling: HTTP/2 with prior knowledge, TLS by mistake, or anything else, decided by as few bytes as possible. */
import type { Socket } from 'node:net';

export type Protocol = 'http2' | 'http1' | 'tls';

/** RFC 9113 §3.4. */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
/** The first byte of a TLS record that carries a handshake (RFC 8446 §5.1). */
const TLS_HANDSHAKE = 0x16;

/** undefined while more bytes are needed; never more than the 24 of the preface. */
export function protocolOf(first: Uint8Array): Protocol | undefined {
  if (first[0] === TLS_HANDSHAKE) return 'tls';
  const length = Math.min(first.length, preface.length);
  for (let at = 0; at < length; at += 1) if (first[at] !== preface[at]) return 'http1';
  return length === preface.length ? 'http2' : undefined;
}

/**
 * Reads the first bytes of a connection, puts them back, and reports once. A connection that ends before is destroyed and not
 * reported; how long one may be silent is its owner's business.
 */
export function sniff(socket: Socket, decide: (protocol: Protocol) => void): void {
  let seen = Buffer.alloc(0);
  const give = (): void => {
    socket.destroy();
  };
  const onReadable = (): void => {
    const chunk: unknown = socket.read();
    if (!Buffer.isBuffer(chunk)) return;
    seen = Buffer.concat([seen, chunk]);
    const protocol = protocolOf(seen);
    if (protocol === undefined) return;
    socket.off('readable', onReadable);
    socket.off('end', give);
    socket.unshift(seen);
    decide(protocol);
  };
  socket.on('readable', onReadable);
  socket.on('end', give);
}
