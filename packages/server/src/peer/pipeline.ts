/** Messages as single posts: the way to a peer that has no stream open. Bounded; what does not fit is dropped and reported. */
import type { Message } from '@kv/raft';
import { encodeMessage } from '@kv/raft/codec';
import { errorOf } from '../errors.js';
import { PeerError } from './errors.js';
import { headersOf } from './headers.js';
import type { HttpClient } from './http-client.js';
import { PIPELINE_POSTS_MAX, PIPELINE_QUEUE_MAX, REQUEST_TIMEOUT_MS } from './limits.js';
import type { LinkStatus } from './link-status.js';
import type { LocalMember } from './transport.js';
import type { UrlRotation } from './url-rotation.js';

export interface PipelineParts {
  readonly local: LocalMember;
  readonly urls: UrlRotation;
  readonly client: HttpClient;
  readonly status: LinkStatus;
  readonly sent: (bytes: number) => void;
  /** A message was lost. */
  readonly failed: () => void;
  /** The peer says that this member was removed from the cluster. */
  readonly removed: () => void;
}

const STATUS_TAKEN = 204;
const STATUS_FORBIDDEN = 403;

export class Pipeline {
  readonly #parts: PipelineParts;
  #waiting: Message[] = [];
  #posts = 0;
  #closed = false;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
  }

  send(message: Message): void {
    if (this.#closed) return;
    if (this.#posts < PIPELINE_POSTS_MAX) this.#post(message);
    else if (this.#waiting.length < PIPELINE_QUEUE_MAX) this.#waiting.push(message);
    else this.#parts.failed();
  }

  close(): void {
    this.#closed = true;
    this.#waiting = [];
  }

  #post(message: Message): void {
    const { local, urls, client } = this.#parts;
    const url = urls.current();
    const body = encodeMessage(message);
    this.#posts += 1;
    client
      .ask({
        method: 'POST',
        url: `${url}/raft`,
        headers: { ...headersOf(local), 'content-type': 'application/protobuf' },
        body,
        timeoutMs: REQUEST_TIMEOUT_MS,
      })
      .then(({ status, body: why }) => {
        if (status !== STATUS_TAKEN) throw this.#refusal(status, why);
        this.#parts.status.reached();
        this.#parts.sent(body.length);
      })
      .catch((error: unknown) => {
        urls.failed(url);
        if (this.#closed) return;
        this.#parts.status.lost(errorOf(error).message);
        this.#parts.failed();
      })
      .finally(() => {
        this.#posts -= 1;
        const next = this.#waiting.shift();
        if (next !== undefined) this.send(next);
      });
  }

  #refusal(status: number, why: Buffer): PeerError {
    if (status === STATUS_FORBIDDEN) this.#parts.removed();
    return new PeerError('refused', `refused with ${status}: ${why.toString('utf8').trim()}`);
  }
}
