/** What the HTTP side of each listener answers (http.md §1, §10). Paths are matched as they are written, without cleaning. */
import { gzip } from 'node:zlib';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { MemberView } from '../member-handle.js';
import { SERVER_VERSION } from '../version.js';
import type { HealthRoutes } from './health.js';
import type { PrometheusMetrics } from './prometheus.js';

/** A member, as far as `/version` asks. */
export interface VersionSource {
  view(): Pick<MemberView, 'clusterVersion' | 'storageVersion'>;
}

export interface HttpSources {
  readonly member: VersionSource;
  readonly health: HealthRoutes;
  readonly metrics: PrometheusMetrics;
  /** Whether `/v3/` would be the JSON gateway. */
  readonly gateway: boolean;
}

/** A request line longer than Node's own limit for headers never gets here. */
function urlOf(request: IncomingMessage): URL | undefined {
  try {
    return new URL(`http://host${request.url ?? '/'}`);
  } catch {
    return undefined;
  }
}

function text(response: ServerResponse, status: number, body: string): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.end(body);
}

const notFound = (response: ServerResponse): void => {
  text(response, 404, '404 page not found\n');
};

/** False, and answered, when the method is not GET. */
function isGet(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.method === 'GET') return true;
  response.setHeader('Allow', 'GET');
  text(response, 405, 'Method Not Allowed\n');
  return false;
}

function serveVersion({ member }: Pick<HttpSources, 'member'>, response: ServerResponse): void {
  const { clusterVersion, storageVersion } = member.view();
  response.setHeader('Content-Type', 'application/json');
  response.end(
    JSON.stringify({
      etcdserver: SERVER_VERSION,
      etcdcluster: clusterVersion ?? 'not_decided',
      storage: storageVersion ?? 'unknown',
    }),
  );
}

async function serveMetrics(
  { metrics }: HttpSources,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await metrics.expose();
  response.setHeader('Content-Type', metrics.contentType);
  if (!/\bgzip\b/.test(request.headers['accept-encoding']?.toString() ?? '')) {
    response.end(body);
    return;
  }
  gzip(body, (error, packed) => {
    if (error !== null) {
      response.end(body);
      return;
    }
    response.setHeader('Content-Encoding', 'gzip');
    response.end(packed);
  });
}

/** `/metrics` and health, and nothing else: what `--listen-metrics-urls` serve. True when the path was one of them. */
function serveObservation(
  sources: HttpSources,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  if (url.pathname === '/metrics') {
    void serveMetrics(sources, request, response);
    return true;
  }
  if (!/^\/(health|livez|readyz)(\/|$)/.test(url.pathname)) return false;
  if (isGet(request, response) && !sources.health.serve(url, response)) notFound(response);
  return true;
}

export function metricsRoutes(sources: HttpSources): RequestListener {
  return (request, response) => {
    const url = urlOf(request);
    if (url === undefined || !serveObservation(sources, url, request, response)) {
      notFound(response);
    }
  };
}

export function clientRoutes(sources: HttpSources): RequestListener {
  return (request, response) => {
    const url = urlOf(request);
    if (url === undefined) {
      notFound(response);
    } else if (url.pathname === '/version') {
      if (isGet(request, response)) serveVersion(sources, response);
    } else if (sources.gateway && url.pathname.startsWith('/v3/')) {
      response.statusCode = 501;
      response.setHeader('Content-Type', 'application/json');
      response.end(
        JSON.stringify({ code: 12, message: 'the JSON gateway is not supported yet; use gRPC' }),
      );
    } else if (!serveObservation(sources, url, request, response)) {
      notFound(response);
    }
  };
}

export interface PeerSources extends Pick<HttpSources, 'member'> {
  /** What is below `/raft`: the way of messages between members. */
  readonly raft: RequestListener;
  /** Everything else that members ask one another. */
  readonly cluster: RequestListener;
}

/** The HTTP side of peer listeners: what members ask one another. */
export function peerRoutes(sources: PeerSources): RequestListener {
  return (request, response) => {
    const path = urlOf(request)?.pathname ?? '';
    if (path === '/raft' || path.startsWith('/raft/')) sources.raft(request, response);
    else if (path !== '/version') sources.cluster(request, response);
    else if (isGet(request, response)) serveVersion(sources, response);
  };
}
