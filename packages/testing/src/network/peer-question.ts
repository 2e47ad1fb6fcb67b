/** A request between members answered in memory: the member's own HTTP routes, without a socket under them. */
import { IncomingMessage, ServerResponse, type RequestListener } from 'node:http';
import { Socket } from 'node:net';
import type { PeerAnswer, PeerRequest } from '@kv/server';

/** Keeps what is written instead of sending it. */
class KeptResponse extends ServerResponse {
  readonly #chunks: Buffer[] = [];
  readonly #done: (answer: PeerAnswer) => void;

  constructor(request: IncomingMessage, done: (answer: PeerAnswer) => void) {
    super(request);
    this.#done = done;
  }

  override write(chunk: unknown): boolean {
    this.#keep(chunk);
    return true;
  }

  override end(chunk?: unknown): this {
    this.#keep(chunk);
    this.#done({ status: this.statusCode, body: Buffer.concat(this.#chunks) });
    return this;
  }

  #keep(chunk: unknown): void {
    if (typeof chunk === 'string') this.#chunks.push(Buffer.from(chunk));
    else if (chunk instanceof Uint8Array) this.#chunks.push(Buffer.from(chunk));
  }
}

/** Asks the routes. Resolves when they have answered. */
export function askRoutes(
  routes: RequestListener,
  { method, path, body }: PeerRequest,
): Promise<PeerAnswer> {
  return new Promise((resolve) => {
    // A socket that is never connected: it holds nothing of the system.
    const request = new IncomingMessage(new Socket());
    request.method = method;
    request.url = path;
    routes(request, new KeptResponse(request, resolve));
    request.push(body.length === 0 ? null : Buffer.from(body));
    if (body.length > 0) request.push(null);
  });
}
