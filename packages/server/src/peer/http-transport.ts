/**
 * Members speak etcd's protocol over HTTP/1.1 (http.md §12.3): each opens two long-lived streams to each other one and hears
 * on them; messages for which there is no stream are posted one by one.
 */
import type { RequestListener } from 'node:http';
import type { Message, MsgSnap } from '@kv/raft';
import type { Clock, Timer } from '../clock.js';
import type {
  BootstrapNetwork,
  LookupAnswer,
  LookupQuestion,
} from '../cluster/bootstrap-network.js';
import type { MemberRecord } from '../cluster/member-record.js';
import type { MemberId } from '../ids.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import { hexOf } from '../grpc/int64.js';
import type { ConnectingTls } from '../transport/tls/connecting-tls.js';
import { PeerError } from './errors.js';
import { ForeignSnapshots } from './foreign-snapshots.js';
import { HEADER_CLUSTER_ID } from './headers.js';
import { HttpClient } from './http-client.js';
import { LINK_HEARTBEAT_MS, STRANGERS_MAX } from './limits.js';
import { PeerLink, type PeerLinkParts } from './peer-link.js';
import { PeerMetrics } from './peer-metrics.js';
import { raftRoutes } from './raft-routes.js';
import { RepeatedLines } from './repeated-lines.js';
import type { StreamSink } from './outgoing-stream.js';
import type { StreamKind } from './stream-codec.js';
import type {
  LocalMember,
  PeerAnswer,
  PeerReceiver,
  PeerRequest,
  PeerTransport,
  SnapshotImage,
} from './transport.js';

export interface HttpTransportPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** For members whose addresses are https. */
  readonly tls?: ConnectingTls;
}

const NO_BODY: Uint8Array = new Uint8Array(0);

/** etcd lets clients store any text as a member's address. */
const isUsable = (url: string): boolean => /^https?:\/\//i.test(url) && URL.canParse(url);

export class HttpTransport implements PeerTransport, Pick<BootstrapNetwork, 'get'> {
  /** Serves what is below `/raft` on the peer listeners. Answers 503 until `start`. */
  readonly routes: RequestListener;
  readonly #ports: HttpTransportPorts;
  readonly #client: HttpClient;
  readonly #links = new Map<MemberId, PeerLink>();
  /** Members that have introduced themselves, and that this one was not told of yet. */
  readonly #strangers = new Set<MemberId>();
  #linkParts: PeerLinkParts | undefined;
  #heartbeats: Timer | undefined;
  #toldRemoved = false;
  #closed = false;

  constructor(ports: HttpTransportPorts) {
    this.#ports = ports;
    this.#client = new HttpClient(ports.tls);
    const foreign = new ForeignSnapshots(ports.clock, ports.logger, ports.metrics);
    this.routes = raftRoutes({
      refusals: new RepeatedLines(ports.clock),
      clock: ports.clock,
      logger: ports.logger,
      local: () => (this.#closed ? undefined : this.#linkParts?.local),
      receiver: () => this.#linkParts?.receiver,
      attach: (id, kind, sink, takes) => this.#attach(id, kind, sink, takes),
      received: (id, bytes) => this.#linkParts?.metrics.received(id, bytes),
      refusedForeign: (from) => {
        foreign.refused(from);
      },
      introduce: (id, peerUrls) => {
        this.#introduce(id, peerUrls);
      },
    });
  }

  start(local: LocalMember, receiver: PeerReceiver): void {
    const { clock, logger, metrics } = this.#ports;
    this.#linkParts = {
      local,
      clock,
      logger,
      client: this.#client,
      metrics: new PeerMetrics(metrics, local.memberId),
      receiver: this.#once(receiver),
    };
    this.#heartbeats = clock.every(LINK_HEARTBEAT_MS, () => {
      for (const link of this.#links.values()) link.heartbeat();
    });
  }

  send(messages: readonly Message[]): void {
    const concerned = new Set<PeerLink>();
    for (const message of messages) {
      const link = this.#links.get(message.to);
      // A member that is not in the configuration (any more) has no link.
      if (link === undefined) continue;
      link.queue(message);
      concerned.add(link);
    }
    for (const link of concerned) link.flush();
  }

  async sendSnapshot(message: MsgSnap, image: SnapshotImage, signal: AbortSignal): Promise<void> {
    const link = this.#links.get(message.to);
    if (link === undefined) throw notAPeer(message.to);
    return link.sendSnapshot(message, image, signal);
  }

  takesSnapshots(id: MemberId): boolean | undefined {
    return this.#links.get(id)?.takesSnapshots;
  }

  setPeers(peers: readonly MemberRecord[]): void {
    const parts = this.#linkParts;
    if (this.#closed || parts === undefined) return;
    const usable = peers
      .map(({ id, peerUrls }) => ({ id, urls: peerUrls.filter(isUsable) }))
      .filter(({ urls }) => urls.length > 0);
    const wanted = new Set(usable.map(({ id }) => id));
    for (const [id, link] of this.#links) {
      if (wanted.has(id)) this.#strangers.delete(id);
      else if (!this.#strangers.has(id) || parts.receiver.isRemoved(id)) {
        this.#strangers.delete(id);
        this.#links.delete(id);
        link.close();
      }
    }
    for (const { id, urls } of usable) {
      const link = this.#links.get(id);
      if (link === undefined) this.#add(id, urls, parts);
      else link.setUrls(urls);
    }
  }

  #add(id: MemberId, urls: readonly string[], parts: PeerLinkParts): void {
    const added = new PeerLink(id, urls, parts);
    this.#links.set(id, added);
    added.start();
  }

  /** So that it can be answered: a member that joins, or is far behind, hears from a leader of which its log does not tell yet. */
  #introduce(id: MemberId, peerUrls: readonly string[]): void {
    const parts = this.#linkParts;
    const urls = peerUrls.filter(isUsable);
    if (this.#closed || parts === undefined || urls.length === 0) return;
    if (id === parts.local.memberId || this.#links.has(id)) return;
    if (this.#strangers.size >= STRANGERS_MAX) return;
    this.#strangers.add(id);
    this.#add(id, urls, parts);
  }

  connectedSinceMs(id: MemberId): number | undefined {
    return this.#links.get(id)?.connectedSinceMs;
  }

  async call(id: MemberId, request: PeerRequest): Promise<PeerAnswer> {
    const link = this.#links.get(id);
    if (link === undefined) throw notAPeer(id);
    return link.call(request);
  }

  async get(url: string, timeoutMs: number, question?: LookupQuestion): Promise<LookupAnswer> {
    const asked = question === undefined ? {} : { [HEADER_CLUSTER_ID]: hexOf(question.clusterId) };
    const { status, headers, body } = await this.#client.ask({
      method: 'GET',
      url,
      headers: asked,
      body: question?.body ?? NO_BODY,
      timeoutMs,
    });
    return { status, clusterId: headers[HEADER_CLUSTER_ID]?.toString() ?? '', body };
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#heartbeats?.cancel();
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
    this.#client.close();
    return Promise.resolve();
  }

  /** Undefined when the peer is unknown; else how to say that its stream is over. */
  #attach(
    id: MemberId,
    kind: StreamKind,
    sink: StreamSink,
    takesSnapshots: boolean,
  ): (() => void) | undefined {
    const link = this.#links.get(id);
    if (link === undefined) return undefined;
    link.attach(kind, sink, takesSnapshots);
    return () => {
      link.detach(kind, sink);
    };
  }

  #once(receiver: PeerReceiver): PeerReceiver {
    return {
      receive: (message) => {
        receiver.receive(message);
      },
      unreachable: (id) => {
        receiver.unreachable(id);
      },
      peerRefused: (id) => {
        receiver.peerRefused(id);
      },
      receiveSnapshot: (message, chunks) => receiver.receiveSnapshot(message, chunks),
      isRemoved: (id) => receiver.isRemoved(id),
      removed: () => {
        if (this.#toldRemoved) return;
        this.#toldRemoved = true;
        receiver.removed();
      },
    };
  }
}

function notAPeer(id: MemberId): PeerError {
  return new PeerError('unreachable', `member ${hexOf(id)} is no peer`);
}
