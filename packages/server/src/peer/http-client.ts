/** HTTP/1.1 towards other members, plain or over TLS: whole requests, and streams that never end. The only place that opens connections. */
import { Agent, request } from 'node:http';
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { errorOf } from '../errors.js';
import type { ConnectingTls } from '../transport/tls/connecting-tls.js';
import { PeerError } from './errors.js';
import {
  BODY_BYTES_MAX,
  PIPELINE_POSTS_MAX,
  SNAPSHOT_IDLE_MS_MAX,
  STREAM_IDLE_MS_MAX,
} from './limits.js';

type Headers = Readonly<Record<string, string>>;

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
  readonly timeoutMs: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** A request with a body that is made while it is sent. */
export interface HttpUpload {
  readonly url: string;
  readonly headers: Headers;
  readonly bytes: number;
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Hears `opened` or `refused` at most once, then chunks if it was opened, and `ended` exactly once, last. */
export interface HttpStreamListener {
  opened(): void;
  /** The peer answered with something else than 200; `body` is its beginning. */
  refused(status: number, body: string): void;
  /** Owned by the listener. */
  chunk(bytes: Uint8Array): void;
  ended(error: Error | undefined): void;
}

/** The beginning of a refusal that is looked at. */
const REFUSAL_BYTES_MAX = 1024;

const isSecure = (url: string): boolean => url.startsWith('https:');

export class HttpClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: PIPELINE_POSTS_MAX });
  readonly #secureAgent = new SecureAgent({ keepAlive: true, maxSockets: PIPELINE_POSTS_MAX });
  readonly #tls: ConnectingTls | undefined;

  /** Without `tls` members with https addresses are verified by the authorities of Node, and shown no certificate. */
  constructor(tls?: ConnectingTls) {
    this.#tls = tls;
  }

  /** Rejects with PeerError('unreachable'), also when the answer is too long or takes too long. */
  ask({ method, url, headers, body, timeoutMs }: HttpRequest): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const failed = (cause: unknown): void => {
        reject(
          new PeerError('unreachable', `${method} ${url}: ${errorOf(cause).message}`, { cause }),
        );
      };
      const asked = this.#request(url, {
        method,
        agent: isSecure(url) ? this.#secureAgent : this.#agent,
        headers: { ...headers, 'content-length': body.length.toString() },
        signal: AbortSignal.timeout(Math.ceil(timeoutMs)),
      });
      asked.once('error', failed);
      asked.once('response', (response) => {
        collect(response, BODY_BYTES_MAX).then((bytes) => {
          const { statusCode: status = 0, headers: received } = response;
          resolve({ status, headers: received, body: bytes });
        }, failed);
      });
      asked.end(body);
    });
  }

  /**
   * Posts a body at the pace of the peer, over a connection of its own. Rejects with PeerError('unreachable') when it can not be
   * sent, or nothing moves for {@link SNAPSHOT_IDLE_MS_MAX}. An answer before the end of the body ends the sending.
   */
  async upload({ url, headers, bytes, chunks, signal }: HttpUpload): Promise<HttpAnswer> {
    const asked = this.#request(url, {
      method: 'POST',
      agent: false,
      headers: { ...headers, 'content-length': bytes.toString() },
      timeout: SNAPSHOT_IDLE_MS_MAX,
      signal,
    });
    asked.once('timeout', () => {
      asked.destroy(new Error(`nothing moved for ${SNAPSHOT_IDLE_MS_MAX} ms`));
    });
    const answered = new Promise<HttpAnswer>((resolve, reject) => {
      asked.once('error', reject);
      asked.once('response', (response) => {
        collect(response, BODY_BYTES_MAX).then((body) => {
          const { statusCode = 0, headers: answered } = response;
          resolve({ status: statusCode, headers: answered, body });
          asked.destroy();
        }, reject);
      });
    });
    const sent = pipeline(Readable.from(chunks, { objectMode: false }), asked);
    try {
      const [answer] = await Promise.all([
        answered,
        sent.catch((error: unknown) => orAnswer(error, answered)),
      ]);
      return answer;
    } catch (error) {
      asked.destroy();
      throw new PeerError('unreachable', `POST ${url}: ${errorOf(error).message}`, {
        cause: error,
      });
    }
  }

  /** Opens a stream. Returns how to end it; after that the listener hears only `ended`. */
  open(url: string, headers: Headers, listener: HttpStreamListener): () => void {
    const asked = this.#request(url, {
      method: 'GET',
      agent: false,
      headers,
      timeout: STREAM_IDLE_MS_MAX,
    });
    // Also while it connects.
    asked.once('timeout', () => {
      asked.destroy(new Error(`nothing came for ${STREAM_IDLE_MS_MAX} ms`));
    });
    let over = false;
    const ended = (error: Error | undefined): void => {
      if (over) return;
      over = true;
      listener.ended(error);
    };
    asked.once('error', ended);
    asked.once('close', () => {
      ended(undefined);
    });
    asked.once('response', (response) => {
      if (response.statusCode === 200) follow(asked, response, listener, ended);
      else refuse(asked, response, listener);
    });
    asked.end();
    return () => {
      asked.destroy();
    };
  }

  /** Connections that wait for a request are closed; those with one under way end with it. */
  close(): void {
    this.#agent.destroy();
    this.#secureAgent.destroy();
  }

  #request(url: string, options: RequestOptions): ClientRequest {
    return isSecure(url)
      ? secureRequest(url, { ...this.#tls?.current, ...options })
      : request(url, options);
  }
}

/** A peer that refuses closes while we still send: what it said counts, not how the sending ended. */
async function orAnswer(error: unknown, answered: Promise<unknown>): Promise<void> {
  await answered.catch(() => {
    throw error;
  });
}

function follow(
  asked: ClientRequest,
  response: IncomingMessage,
  listener: HttpStreamListener,
  ended: (error: Error | undefined) => void,
): void {
  listener.opened();
  response.on('data', (chunk: Uint8Array) => {
    listener.chunk(chunk);
  });
  response.once('error', (error: Error) => {
    ended(error);
    asked.destroy();
  });
  response.once('end', () => {
    ended(undefined);
    asked.destroy();
  });
}

function refuse(
  asked: ClientRequest,
  response: IncomingMessage,
  listener: HttpStreamListener,
): void {
  collect(response, REFUSAL_BYTES_MAX).then(
    (body) => {
      listener.refused(response.statusCode ?? 0, body.toString('utf8').trim());
      asked.destroy();
    },
    (error: unknown) => {
      asked.destroy(errorOf(error));
    },
  );
}

/** A whole body. Rejects when it is longer than `bytesMax`, or does not end. */
export async function collect(body: AsyncIterable<unknown>, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    if (!Buffer.isBuffer(chunk)) continue;
    length += chunk.length;
    if (length > bytesMax) throw new PeerError('malformed', `a body exceeds ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
