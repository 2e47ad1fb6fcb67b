/**
 * A network that is memory: what members send arrives in a later turn, in order, unless the test has cut them off. What is
 * on its way to a member that ends is lost.
 */
import type { Message } from '@kv/raft';
import { decodeMessage, encodeMessage } from '@kv/raft/codec';
import type { MemberId } from '../ids.js';
import { PeerError } from '../peer/errors.js';
import type { LocalMember, PeerReceiver, PeerTransport } from '../peer/transport.js';
import { SERVER_VERSION } from '../version.js';
import type { FakeClock } from './fake-clock.js';

interface Site {
  readonly receiver: PeerReceiver;
  readonly sinceMs: number;
}

export class MemoryNetwork {
  readonly #clock: FakeClock;
  readonly #sites = new Map<MemberId, Site>();
  /** Members that nobody reaches, and that reach nobody. */
  readonly #isolated = new Set<MemberId>();

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  isolate(id: MemberId): void {
    this.#isolated.add(id);
  }

  heal(): void {
    this.#isolated.clear();
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
      setPeers: () => undefined,
      connectedSinceMs: (id) => (this.#reaches(local?.memberId, id) ? site?.sinceMs : undefined),
      call: async (id, { path }) => {
        if (!this.#reaches(local?.memberId, id) || path !== '/version') {
          throw new PeerError('unreachable', `${path} is not reached`);
        }
        const body = Buffer.from(JSON.stringify({ etcdserver: SERVER_VERSION }));
        return Promise.resolve({ status: 200, body });
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
    return this.#sites.has(to);
  }

  #send(message: Message): void {
    const { from, to } = message;
    // As bytes, so that no member sees what another one has in memory.
    const bytes = encodeMessage(message);
    this.#clock.soon(() => {
      if (this.#reaches(from, to)) this.#sites.get(to)?.receiver.receive(decodeMessage(bytes));
      else this.#sites.get(from)?.receiver.unreachable(to);
    });
  }
}
