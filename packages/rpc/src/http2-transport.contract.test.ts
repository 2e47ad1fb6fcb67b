/** Goal: the transport of this package keeps the contract of transports. Method: the suite that every transport passes, without and with TLS. */
import { Http2Transport } from './http2-transport.js';
import type { OpenTransport } from './testing/index.js';
import { selfSigned, transportContract } from './testing/index.js';

const open: OpenTransport = (options) => new Http2Transport(options);

transportContract('HTTP/2 on plain sockets', open);
transportContract('HTTP/2 over TLS', open, {}, selfSigned('contract'));
