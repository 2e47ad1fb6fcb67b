/** Goal: the transport of this package keeps the contract of transports. Method: the suite that every transport passes. */
import { Http2Transport } from './http2-transport.js';
import { transportContract } from './testing/index.js';

transportContract('HTTP/2 on plain sockets', (options) => new Http2Transport(options));
