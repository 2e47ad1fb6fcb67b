/** What the header block of a request asks for: a method with its metadata, or why it gets none (gRPC over HTTP/2, "Requests"). */
import type { HeaderField } from '../hpack/static-table.js';
import type { Metadata } from '../handler.js';
import { RpcCode } from '../errors.js';
import { HeaderMetadata, isBase64 } from './metadata.js';
import { parseTimeoutMs } from './timeout.js';
import type { Route, Routes } from './routes.js';

export type RequestHead =
  | {
      readonly type: 'call';
      readonly route: Route;
      readonly metadata: Metadata;
      /** Undefined without a deadline. */
      readonly timeoutMs: number | undefined;
      /** `grpc-encoding`, or `''`. */
      readonly encoding: string;
      /** The number in `content-length`, undefined without one. */
      readonly contentBytes: number | undefined;
    }
  /** Answered with trailers only. */
  | {
      readonly type: 'refused';
      readonly httpStatus: number;
      readonly code: RpcCode;
      readonly message: string;
    }
  /** RFC 9113 §8.1.1: a stream error PROTOCOL_ERROR. */
  | { readonly type: 'malformed'; readonly reason: string };

const pseudoHeaders = new Set([':method', ':scheme', ':path', ':authority']);
/** RFC 9113 §8.2.2. */
const connectionHeaders = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
]);

/** Checks RFC 9113 §8.2 and §8.3; returns what is wrong. */
export function checkFields(fields: readonly HeaderField[], trailers: boolean): string | undefined {
  const seen = new Set<string>();
  let regular = false;
  for (const { name, value } of fields) {
    if (name.startsWith(':')) {
      if (trailers) return `pseudo-header ${name} in trailers`;
      if (regular) return `pseudo-header ${name} after a regular header`;
      if (!pseudoHeaders.has(name)) return `unknown pseudo-header ${name}`;
      if (seen.has(name)) return `two pseudo-headers ${name}`;
      seen.add(name);
    } else {
      regular = true;
      // RFC 9113 §8.2.1: lower case only, and no octets that no header name has.
      if (!/^[!-9;-@[-~]+$/.test(name)) return `header name ${JSON.stringify(name)}`;
      if (connectionHeaders.has(name)) return `header ${name} of the connection`;
      if (name === 'te' && value !== 'trailers') return `te: ${value}`;
    }
    if (/[\0\r\n]/.test(value)) return `value of header ${name}`;
  }
  if (trailers) return undefined;
  for (const name of [':method', ':scheme', ':path']) {
    if (!seen.has(name)) return `no ${name}`;
  }
  return fields.some(({ name, value }) => name === ':path' && value === '')
    ? 'empty :path'
    : undefined;
}

function refuse(httpStatus: number, code: RpcCode, message: string): RequestHead {
  return { type: 'refused', httpStatus, code, message };
}

function quote(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

function contentBytesOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Texts and order of the checks are grpc-go's (internal/transport/http2_server.go, server.go). */
export function parseRequestHead(fields: readonly HeaderField[], routes: Routes): RequestHead {
  const problem = checkFields(fields, false);
  if (problem !== undefined) return { type: 'malformed', reason: problem };
  const metadata = new HeaderMetadata(fields);
  const get = (name: string): string | undefined => metadata.get(name);

  if (fields.filter(({ name }) => name === 'host').length > 1) {
    return refuse(400, RpcCode.internal, 'more than one host header');
  }
  const contentType = get('content-type') ?? '';
  if (!/^application\/grpc($|[+;])/i.test(contentType)) {
    const message = `invalid gRPC request content-type ${quote(contentType)}`;
    return refuse(415, RpcCode.invalidArgument, message);
  }
  const timeout = get('grpc-timeout');
  const timeoutMs = timeout === undefined ? undefined : parseTimeoutMs(timeout);
  if (timeout !== undefined && timeoutMs === undefined) {
    const message = `malformed grpc-timeout: transport: timeout ${quote(timeout)} is not valid`;
    return refuse(400, RpcCode.internal, message);
  }
  const badBinary = fields.find(({ name, value }) => name.endsWith('-bin') && !isBase64(value));
  if (badBinary !== undefined) {
    const message = `malformed binary metadata ${quote(badBinary.value)} in header ${quote(badBinary.name)}: illegal base64 data`;
    return refuse(400, RpcCode.internal, message);
  }
  const method = get(':method') ?? '';
  if (method !== 'POST') {
    const message = `Received a HEADERS frame with :method ${quote(method)} which should be POST`;
    return refuse(405, RpcCode.internal, message);
  }
  const route = routes.find(get(':path') ?? '');
  if (typeof route === 'string') return refuse(200, RpcCode.unimplemented, route);
  return {
    type: 'call',
    route,
    metadata,
    timeoutMs,
    encoding: get('grpc-encoding') ?? '',
    contentBytes: contentBytesOf(get('content-length')),
  };
}
