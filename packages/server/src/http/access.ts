/** Who may call over HTTP (http.md §2): host names without TLS, and origins of browsers. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Logger } from '../logger.js';

export interface AccessRules {
  /** Empty or with `*`: all. */
  readonly hostWhitelist: readonly string[];
  /** Empty or with `*`: all. */
  readonly corsOrigins: readonly string[];
  readonly logger: Logger;
}

/** The host of a `Host` header without its port. */
function hostOf(header: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(header)?.[1];
  return bracketed ?? header.replace(/:\d*$/, '');
}

function refuseHost(response: ServerResponse, host: string): void {
  response.statusCode = 421;
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.end(
    `\nThe Host header of this request, ${JSON.stringify(host)}, is not one that this server answers to.\n` +
      'That protects against DNS rebinding. Add the name with --host-whitelist if it is yours.\n',
  );
}

/** Lets through what the rules allow. */
export function withAccess(rules: AccessRules, next: RequestListener): RequestListener {
  const anyHost = rules.hostWhitelist.length === 0 || rules.hostWhitelist.includes('*');
  const anyOrigin = rules.corsOrigins.length === 0 || rules.corsOrigins.includes('*');
  return (request: IncomingMessage, response) => {
    if (request.url?.startsWith('/v3beta/') === true) {
      request.url = `/v3/${request.url.slice('/v3beta/'.length)}`;
    }
    const host = hostOf(request.headers.host ?? '');
    // A browser that was lured here by another name would not accept the certificate.
    const secure = request.socket instanceof TLSSocket;
    if (!secure && !anyHost && !rules.hostWhitelist.includes(host)) {
      rules.logger.log('warn', 'rejecting HTTP request to prevent DNS rebinding attacks', { host });
      refuseHost(response, host);
      return;
    }
    const { origin } = request.headers;
    if (anyOrigin || (origin !== undefined && rules.corsOrigins.includes(origin))) {
      response.setHeader('Access-Control-Allow-Methods', 'POST, GET, OPTIONS, PUT, DELETE');
      response.setHeader('Access-Control-Allow-Origin', anyOrigin ? '*' : (origin ?? ''));
      response.setHeader('Access-Control-Allow-Headers', 'accept, content-type, authorization');
    }
    if (request.method === 'OPTIONS') {
      response.end();
      return;
    }
    next(request, response);
  };
}
