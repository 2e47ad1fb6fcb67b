/**
 * A stream that this member opens to hear a peer, and opens again whenever it ends: at once, at each of the peer's addresses. While
 * nobody answers, pauses between further attempts grow up to a bound.
 */
import type { Message } from '@kv/raft';
import type { Clock, Timer } from '../clock.js';
import { errorOf } from '../errors.js';
import type { MemberId } from '../ids.js';
import type { Logger } from '../logger.js';
import { hexOf } from '../grpc/int64.js';
import { AppendDecoder } from './append-codec.js';
import { CLUSTER_ID_HINT, headersOf } from './headers.js';
import type { HttpClient } from './http-client.js';
import { REDIAL_MS_MAX, REDIAL_MS_MIN } from './limits.js';
import type { LinkStatus } from './link-status.js';
import type { PeerLoss } from './peer-loss.js';
import type { RepeatedLines } from './repeated-lines.js';
import { MessageDecoder, type StreamDecoder, type StreamKind } from './stream-codec.js';
import type { LocalMember } from './transport.js';
import type { UrlRotation } from './url-rotation.js';

export interface IncomingStreamParts {
  readonly kind: StreamKind;
  readonly local: LocalMember;
  readonly peer: MemberId;
  readonly urls: UrlRotation;
  readonly client: HttpClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly status: LinkStatus;
  readonly loss: Pick<PeerLoss, 'opened' | 'ended' | 'failed'>;
  /** Lines about what the peer refuses. */
  readonly refusals: RepeatedLines;
  readonly receive: (message: Message) => void;
  /** Told for each chunk. */
  readonly received: (bytes: number) => void;
  /** What the peer sent can not be read. */
  readonly malformed: () => void;
  /** The peer says that this member was removed from the cluster. */
  readonly removed: () => void;
}

/** What etcd's members answer to who is none of theirs, and how etcd says that. */
const refusalLines: Readonly<Record<string, { readonly message: string; readonly hint: string }>> =
  {
    'cluster ID mismatch': {
      message: 'request sent was ignored by remote peer due to cluster ID mismatch',
      hint: CLUSTER_ID_HINT,
    },
    'incompatible version': {
      message: 'request sent was ignored by remote peer due to server version incompatibility',
      hint: 'the versions of the two members are too far apart: upgrade one minor version at a time',
    },
  };

/** The answer to a member that was removed. */
const STATUS_GONE = 410;

export class IncomingStream {
  readonly #parts: IncomingStreamParts;
  #redialMs: number = REDIAL_MS_MIN;
  /** Dials to come without a pause. */
  #promptDials = 0;
  /** When these were granted last. */
  #promptMs: number = -Infinity;
  #isOpen = false;
  #redial: Timer | undefined;
  #end: () => void = () => undefined;
  #closed = false;

  constructor(parts: IncomingStreamParts) {
    this.#parts = parts;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  start(): void {
    const { kind, local, peer, urls, client, status, loss } = this.#parts;
    if (this.#closed) return;
    const url = urls.current();
    const decoder = decoderOf(this.#parts);
    let opened = false;
    this.#end = client.open(
      `${url}/raft/stream/${kind}/${hexOf(local.memberId)}`,
      headersOf(local, peer),
      {
        opened: () => {
          opened = true;
          this.#opened();
        },
        refused: (code, body) => {
          urls.failed(url);
          this.#refused(code, body);
        },
        chunk: (bytes) => {
          this.#chunk(decoder, bytes);
        },
        ended: (error) => {
          if (opened || error !== undefined) {
            status.lost(`${kind} stream: ${error?.message ?? 'the peer has ended it'}`);
          }
          if (opened) this.#ended();
          else urls.failed(url);
          if (this.#closed) return;
          if (opened) loss.ended();
          else loss.failed(url, error);
          this.#again();
        },
      },
    );
  }

  close(): void {
    this.#closed = true;
    this.#redial?.cancel();
    this.#end();
  }

  #opened(): void {
    const { kind, peer, logger, status, loss } = this.#parts;
    this.#redialMs = REDIAL_MS_MIN;
    this.#isOpen = true;
    status.reached();
    loss.opened();
    logger.log('info', 'established TCP streaming connection with remote peer', {
      'stream-reader-type': kind,
      'remote-peer-id': peer,
    });
  }

  /** Two members that take each other's streams away would do so without a pause: it is done once in {@link REDIAL_MS_MAX}. */
  #ended(): void {
    const { clock, urls } = this.#parts;
    const nowMs = clock.monotonicMs();
    this.#isOpen = false;
    if (nowMs - this.#promptMs < REDIAL_MS_MAX) return;
    this.#promptMs = nowMs;
    this.#promptDials = urls.count;
  }

  #refused(code: number, body: string): void {
    const { local, peer, logger, removed, status, refusals } = this.#parts;
    if (code === STATUS_GONE) {
      removed();
      return;
    }
    status.lost(`refused with ${code}: ${body}`, true);
    // It is tried again twice a second.
    if (!refusals.isDue(body)) return;
    const fields = { 'remote-peer-id': peer, status: code, error: body };
    const line = refusalLines[body];
    if (line === undefined) logger.log('warn', 'a peer refused a stream', fields);
    else {
      const ids = { 'local-member-id': local.memberId, 'local-member-cluster-id': local.clusterId };
      logger.log('warn', line.message, { ...fields, ...ids, hint: line.hint });
    }
  }

  #chunk(decoder: StreamDecoder, bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#parts.received(bytes.length);
    try {
      decoder.push(bytes, this.#parts.receive);
    } catch (error) {
      this.#parts.malformed();
      // What came before it was whole; what comes after it can not be found.
      this.#parts.logger.log('warn', 'lost TCP streaming connection with remote peer', {
        'stream-reader-type': this.#parts.kind,
        'remote-peer-id': this.#parts.peer,
        error: errorOf(error),
      });
      this.#end();
    }
  }

  #again(): void {
    this.#redial = this.#parts.clock.after(this.#pauseMs(), () => {
      this.start();
    });
  }

  #pauseMs(): number {
    if (this.#promptDials > 0) {
      this.#promptDials -= 1;
      return 0;
    }
    const pauseMs = this.#redialMs;
    this.#redialMs = Math.min(2 * pauseMs, REDIAL_MS_MAX);
    return pauseMs;
  }
}

function decoderOf({ kind, local, peer }: IncomingStreamParts): StreamDecoder {
  return kind === 'msgapp' ? new AppendDecoder(local.memberId, peer) : new MessageDecoder();
}
