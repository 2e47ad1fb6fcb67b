/**
 * Everything between this member and one peer: two streams that we open to hear it, two that it opens to hear us, and single
 * posts for when it has none open.
 */
import type { Message, MsgSnap } from '@kv/raft';
import type { Clock } from '../clock.js';
import type { MemberId } from '../ids.js';
import type { Logger } from '../logger.js';
import { AppendEncoder } from './append-codec.js';
import { errorOf } from '../errors.js';
import { PeerError } from './errors.js';
import { headersOf } from './headers.js';
import type { HttpClient } from './http-client.js';
import { IncomingStream } from './incoming-stream.js';
import { LinkStatus } from './link-status.js';
import { OutgoingStream, type StreamSink } from './outgoing-stream.js';
import { PeerLoss } from './peer-loss.js';
import type { PeerMetrics } from './peer-metrics.js';
import { Pipeline } from './pipeline.js';
import { RepeatedLines } from './repeated-lines.js';
import { RoundTripProbe } from './round-trip.js';
import { encodeSnapshotBody } from './snapshot-body.js';
import { MessageEncoder, type StreamKind } from './stream-codec.js';
import type {
  LocalMember,
  PeerAnswer,
  PeerReceiver,
  PeerRequest,
  SnapshotImage,
} from './transport.js';
import { UrlRotation } from './url-rotation.js';

export interface PeerLinkParts {
  readonly local: LocalMember;
  readonly client: HttpClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: PeerMetrics;
  readonly receiver: PeerReceiver;
}

const STATUS_TAKEN = 204;
const STATUS_FORBIDDEN = 403;
const KINDS: readonly StreamKind[] = ['msgapp', 'message'];

export class PeerLink {
  readonly #id: MemberId;
  readonly #parts: PeerLinkParts;
  readonly #urls: UrlRotation;
  readonly #status: LinkStatus;
  readonly #loss: PeerLoss;
  readonly #incoming: readonly IncomingStream[];
  readonly #outgoing = new Map<StreamKind, OutgoingStream>();
  readonly #pipeline: Pipeline;
  readonly #probe: RoundTripProbe;
  /** Since the last `flush`, by the stream that they go to. */
  readonly #ending = new AbortController();
  #appends: Message[] = [];
  #others: Message[] = [];
  #closed = false;
  /** Known once the peer has opened a stream. */
  #takesSnapshots: boolean | undefined;

  constructor(id: MemberId, urls: readonly string[], parts: PeerLinkParts) {
    const { local, client, clock, logger, metrics, receiver } = parts;
    this.#id = id;
    this.#parts = parts;
    this.#urls = new UrlRotation(urls);
    this.#status = new LinkStatus(id, clock, logger, (isReached) => {
      metrics.reached(id, isReached);
    });
    this.#probe = new RoundTripProbe({
      ...{ clock, client, urls: this.#urls },
      measured: (durationMs) => {
        metrics.roundTrip(id, durationMs);
      },
    });
    this.#loss = new PeerLoss({
      urls: () => this.#urls.all,
      hasStreams: () => this.#outgoing.size > 0 || this.#incoming.some(({ isOpen }) => isOpen),
      refused: () => {
        receiver.peerRefused(id);
      },
    });
    const link = { local, urls: this.#urls, client, status: this.#status };
    const refusals = new RepeatedLines(clock);
    const removed = (): void => {
      receiver.removed();
    };
    this.#incoming = KINDS.map((kind) => {
      const receive = (message: Message): void => {
        receiver.receive(message);
      };
      const received = (bytes: number): void => {
        metrics.received(id, bytes);
      };
      return new IncomingStream({
        ...link,
        kind,
        peer: id,
        clock,
        logger,
        receive,
        received,
        removed,
        refusals,
        loss: this.#loss,
        malformed: () => {
          metrics.receiveFailed(id);
        },
      });
    });
    this.#pipeline = new Pipeline({
      ...link,
      sent: (bytes) => {
        metrics.sent(id, bytes);
      },
      failed: () => {
        this.#lost();
      },
      removed,
    });
  }

  get connectedSinceMs(): number | undefined {
    return this.#status.sinceMs;
  }

  get takesSnapshots(): boolean | undefined {
    return this.#takesSnapshots;
  }

  /** As `PeerTransport.sendSnapshot`. */
  async sendSnapshot(message: MsgSnap, image: SnapshotImage, signal: AbortSignal): Promise<void> {
    const { local, client, metrics, receiver } = this.#parts;
    const url = this.#urls.current();
    const body = encodeSnapshotBody(message, image);
    try {
      const { status, body: why } = await client.upload({
        url: `${url}/raft/snapshot`,
        headers: { ...headersOf(local, this.#id), 'content-type': 'application/octet-stream' },
        ...body,
        signal: AbortSignal.any([signal, this.#ending.signal]),
      });
      if (status === STATUS_FORBIDDEN) receiver.removed();
      if (status !== STATUS_TAKEN) {
        const text = why.toString('utf8').trim();
        throw new PeerError('refused', `the snapshot was refused with ${status}: ${text}`);
      }
      metrics.sent(this.#id, body.bytes);
    } catch (error) {
      this.#urls.failed(url);
      metrics.sendFailed(this.#id);
      throw error;
    }
  }

  start(): void {
    this.#parts.metrics.known(this.#id, true);
    for (const stream of this.#incoming) stream.start();
    this.#probe.start();
  }

  setUrls(urls: readonly string[]): void {
    this.#urls.set(urls);
  }

  /** To be sent with the next `flush`. */
  queue(message: Message): void {
    if (message.type === 'MsgApp' && this.#outgoing.has('msgapp')) this.#appends.push(message);
    else this.#others.push(message);
  }

  flush(): void {
    const appends = this.#appends;
    const others = this.#others;
    this.#appends = [];
    this.#others = [];
    if (appends.length > 0) this.#send('msgapp', appends);
    if (others.length > 0) this.#send('message', others);
  }

  /** The peer has opened a stream to hear us. A stream of the same kind from before is over. */
  attach(kind: StreamKind, sink: StreamSink, takesSnapshots: boolean): void {
    this.#takesSnapshots = takesSnapshots;
    this.#outgoing.get(kind)?.close();
    const encoder = kind === 'msgapp' ? new AppendEncoder() : new MessageEncoder();
    this.#outgoing.set(kind, new OutgoingStream(encoder, sink));
    this.#status.reached();
    this.#loss.opened();
  }

  /** The stream with this sink is over. What was on its way may be lost. */
  detach(kind: StreamKind, sink: StreamSink): void {
    const stream = this.#outgoing.get(kind);
    if (stream?.goesTo(sink) !== true || this.#closed) return;
    this.#outgoing.delete(kind);
    this.#status.lost(`the peer has closed its ${kind} stream`);
    this.#lost();
    this.#loss.ended();
  }

  heartbeat(): void {
    for (const stream of this.#outgoing.values()) stream.heartbeat();
  }

  async call(request: PeerRequest): Promise<PeerAnswer> {
    const { local, client } = this.#parts;
    const headers = { ...headersOf(local), 'content-type': 'application/protobuf' };
    let last: unknown;
    for (let n = 0; n < this.#urls.count; n++) {
      const url = this.#urls.current();
      try {
        return await client.ask({ ...request, url: url + request.path, headers });
      } catch (error) {
        last = error;
        this.#urls.failed(url);
      }
    }
    throw last instanceof PeerError ? last : new PeerError('unreachable', errorOf(last).message);
  }

  close(): void {
    this.#closed = true;
    this.#ending.abort(new PeerError('closed', 'the link to the peer is closed'));
    for (const stream of this.#incoming) stream.close();
    for (const stream of this.#outgoing.values()) stream.close();
    this.#outgoing.clear();
    this.#pipeline.close();
    this.#probe.close();
    this.#parts.metrics.known(this.#id, false);
  }

  #send(kind: StreamKind, messages: readonly Message[]): void {
    const stream = this.#outgoing.get(kind);
    if (stream === undefined) {
      for (const message of messages) this.#pipeline.send(message);
      return;
    }
    const bytes = stream.send(messages);
    if (bytes !== undefined) this.#parts.metrics.sent(this.#id, bytes);
    else {
      this.#parts.logger.log('warn', 'dropped internal Raft message since sending buffer is full', {
        'remote-peer-id': this.#id,
        'stream-type': kind,
        messages: messages.length,
      });
      this.#lost();
    }
  }

  #lost(): void {
    this.#parts.metrics.sendFailed(this.#id);
    this.#parts.receiver.unreachable(this.#id);
  }
}
