/** grpc-js against the contract of transports. Each exception is something that no client library of etcd sends. */
import { transportContract } from '@kv/rpc/testing';
import type { ExpectedExceptions } from '@kv/rpc/testing';
import { grpcJsTransport } from './grpc-js.js';

const looseTimeout = 'grpc-js looks for digits and a unit anywhere in the value';

const exceptions: ExpectedExceptions = {
  'metadata: of two values of a key the first counts':
    'node:http2 joins values by a comma before grpc-js sees them',
  'an answer before the half-close frees the stream':
    'grpc-js leaves the stream half open until the client closes it',
  'B-131: content-type "application/json" is refused with HTTP 415 and status 3':
    'grpc-js answers 415 without a gRPC status',
  'B-131: content-type "application/grpc-web" is refused with HTTP 415 and status 3':
    'grpc-js takes any type that begins with application/grpc',
  'B-131: grpc-timeout "" is refused with HTTP 400': 'grpc-js answers HTTP 200',
  'B-131: grpc-timeout "1" is refused with HTTP 400': 'grpc-js answers HTTP 200',
  'B-131: grpc-timeout "-1S" is refused with HTTP 400': looseTimeout,
  'B-131: grpc-timeout "1x" is refused with HTTP 400': 'grpc-js answers HTTP 200',
  'B-131: grpc-timeout "99999999999H" is refused with HTTP 400': looseTimeout,
  'a timeout of years is a timeout of years': 'grpc-js keeps 32 bits of the milliseconds',
  'B-131: a request that is not a POST is refused with HTTP 405':
    'grpc-js does not look at the method',
  'B-131: binary metadata that is not base64 is refused with HTTP 400':
    'Buffer.from ignores what is not base64',
  'B-131: a message cut short by the half-close is UNKNOWN "unexpected EOF"':
    'grpc-js drops the piece and reports the end only: UNKNOWN "EOF"',
  'B-131: a compressed message without an encoding is INTERNAL': 'grpc-js takes it as plain',
  'B-131: a flag byte of 2 or more is INTERNAL': 'grpc-js takes it as plain',
  'more calls than the limit are refused, not served and not fatal':
    'nghttp2 ends the connection of a client that ignores an acknowledged limit',
  'B-134: a window of a stream that overflows resets that stream only':
    'Node ends the whole connection',
};

transportContract('grpc-js', grpcJsTransport, exceptions);
