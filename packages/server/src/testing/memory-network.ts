/**
 * A network that is memory: what members send arrives in a later turn, in order, unless the test has cut them off. What is
 * on its way to a member that ends is lost.
 */
import type { Message, MsgSnap } from '@kv/raft';
import { decodeMessage, encodeMessage } from '@kv/raft/codec';
import type { MemberId } from '../ids.js';
import { PeerError } from '../peer/errors.js';
import type {
  LocalMember,
  PeerAnswer,
  PeerReceiver,
  PeerRequest,
  PeerTransport,
  SnapshotImage,
} from '../peer/transport.js';
import { decodeSnapshotBody, encodeSnapshotBody } from '../peer/snapshot-body.js';
import { SERVER_VERSION } from '../version.js';
import type { FakeClock } from './fake-clock.js';

interface Site {
  readonly receiver: PeerReceiver;
  readonly sinceMs: number;
}

/** What another member answers beside Raft. */
export type MemoryAnswers = (id: MemberId, request: PeerRequest) => Promise<PeerAnswer | undefined>;

export class MemoryNetwork {
  /** Undefined: the member does not know the path. */
  answers: MemoryAnswers = () => Promise.resolve(undefined);
  readonly #clock: FakeClock;
  readonly #sites = new Map<MemberId, Site>();
  /** Members that nobody reaches, and that reach nobody. */
  readonly #isolated = new Set<MemberId>();
  /** Pairs of members. */
  readonly #cut = new Set<string>();

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  isolate(id: MemberId): void {
    this.#isolated.add(id);
  }

  heal(): void {
    this.#isolated.clear();
    this.#cut.clear();
  }

  /** These two do not reach each other; all others reach both. */
  cut(a: MemberId, b: MemberId): void {
    this.#cut.add(pairOf(a, b));
  }

  /** The member is told, rightly or not, that nobody listens where this peer was. */
  refuse(from: MemberId, to: MemberId): void {
    this.#clock.soon(() => {
      this.#sites.get(from)?.receiver.peerRefused(to);
    });
  }

  /** The way of one member; for one start of it. */
  transport(): PeerTransport {
    let local: LocalMember | undefined;
    let site: Site | undefined;
    return {
      start: (self, receiver) => {
        local = self;
        site = { receiver, sinceMs: this.#clock.monotonicMs() };
        this.#sites.set(self.memberId, site);
      },
      send: (messages) => {
        for (const message of messages) this.#send(message);
      },
      sendSnapshot: (message, image) => this.#sendSnapshot(message, image),
      takesSnapshots: () => true,
      setPeers: () => undefined,
      connectedSinceMs: (id) => (this.#reaches(local?.memberId, id) ? site?.sinceMs : undefined),
      call: async (id, request) => {
        const { path } = request;
        if (!this.#reaches(local?.memberId, id)) {
          throw new PeerError('unreachable', `${path} is not reached`);
        }
        const body = Buffer.from(JSON.stringify({ etcdserver: SERVER_VERSION }));
        if (path === '/version') return { status: 200, body };
        const answer = await this.answers(id, request);
        if (answer === undefined) throw new PeerError('unreachable', `${path} is not there`);
        return answer;
      },
      close: () => {
        if (local !== undefined && this.#sites.get(local.memberId) === site) {
          this.#sites.delete(local.memberId);
        }
        return Promise.resolve();
      },
    };
  }

  #reaches(from: MemberId | undefined, to: MemberId): boolean {
    if (from === undefined || this.#isolated.has(from) || this.#isolated.has(to)) return false;
    if (this.#cut.has(pairOf(from, to))) return false;
    return this.#sites.has(to);
  }

  async #sendSnapshot(message: MsgSnap, image: SnapshotImage): Promise<void> {
    const { from, to } = message;
    const body = encodeSnapshotBody(message, image);
    const received = await decodeSnapshotBody(this.#whileReached(from, to, body.chunks));
    const receiver = this.#sites.get(to)?.receiver;
    if (receiver === undefined) throw new PeerError('unreachable', 'nobody is there');
    await receiver.receiveSnapshot(received.message, received.chunks);
  }

  async *#whileReached(
    from: MemberId,
    to: MemberId,
    chunks: AsyncIterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      if (!this.#reaches(from, to)) throw new PeerError('unreachable', 'the way is cut');
      yield Buffer.from(chunk);
    }
  }

  #send(message: Message): void {
    const { from, to } = message;
    // As bytes, so that no member sees what another one has in memory.
    const bytes = encodeMessage(message);
    this.#clock.soon(() => {
      const receiver = this.#reaches(from, to) ? this.#sites.get(to)?.receiver : undefined;
      if (receiver === undefined) this.#sites.get(from)?.receiver.unreachable(to);
      // As on the peer port. That the sender is told of its removal is left out: it ends by itself.
      else if (!receiver.isRemoved(from)) receiver.receive(decodeMessage(bytes));
    });
  }
}

function pairOf(a: MemberId, b: MemberId): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
