/**
 * The network between members: messages arrive in a later turn, in order, unless the two are cut off from each other. What is
 * on its way to a member that is gone is lost.
 */
import type { RequestListener } from 'node:http';
import type { Message, MsgSnap } from '@kv/raft';
import { decodeMessage, encodeMessage } from '@kv/raft/codec';
import { PeerError } from '@kv/server';
import type {
  LocalMember,
  PeerAnswer,
  PeerReceiver,
  PeerRequest,
  PeerTransport,
  SnapshotImage,
} from '@kv/server';
import type { ProcessClock } from '../clock/process-clock.js';
import type { VirtualClock } from '../clock/virtual-clock.js';
import { askRoutes } from './peer-question.js';

type MemberId = LocalMember['memberId'];

/** Messages that wait for a paused member, as the buffers of its sockets would hold them; more are lost. */
const HELD_MESSAGES_MAX = 1024;

interface Site {
  readonly name: string;
  readonly process: ProcessClock;
  readonly receiver: PeerReceiver;
  readonly sinceMs: number;
  routes: RequestListener | undefined;
  held: number;
}

export class TestNetwork {
  readonly #clock: VirtualClock;
  readonly #sites = new Map<MemberId, Site>();
  /** The side on which a member is; those on different sides do not reach each other. Empty: everybody does. */
  #sides: ReadonlyMap<string, number> = new Map();
  #changedMs = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  /** Members of different groups do not reach each other any more; replaces what was cut before. */
  partition(groups: readonly (readonly string[])[]): void {
    this.#sides = new Map(groups.flatMap((names, side) => names.map((name) => [name, side])));
    this.#changedMs = this.#clock.nowMs;
  }

  heal(): void {
    this.partition([]);
  }

  /** Whether messages pass between two members that run. */
  connects(a: string, b: string): boolean {
    return this.#sides.get(a) === this.#sides.get(b);
  }

  /** What a member answers other members. */
  answer(name: string, routes: RequestListener): void {
    for (const site of this.#sites.values()) {
      if (site.name === name) site.routes = routes;
    }
  }

  /** The way of one member, for one start of it. */
  transport(name: string, process: ProcessClock): PeerTransport {
    let site: Site | undefined;
    let id: MemberId | undefined;
    return {
      start: (self, receiver) => {
        const sinceMs = this.#clock.nowMs;
        site = { name, process, receiver, sinceMs, routes: undefined, held: 0 };
        id = self.memberId;
        this.#sites.set(id, site);
      },
      send: (messages) => {
        for (const message of messages) this.#send(site, message);
      },
      sendSnapshot: (message, image) => this.#sendSnapshot(site, message, image),
      takesSnapshots: () => true,
      setPeers: () => undefined,
      connectedSinceMs: (to) => {
        const other = this.#reached(site, to);
        if (other === undefined || site === undefined) return undefined;
        return Math.max(site.sinceMs, other.sinceMs, this.#changedMs);
      },
      call: (to, request) => this.#call(site, to, request),
      close: () => {
        if (id !== undefined && site !== undefined && this.#sites.get(id) === site)
          this.#refuse(id, site);
        return Promise.resolve();
      },
    };
  }

  /** The member's power is cut: it is not reached any more, and nothing is told to it. */
  remove(name: string): void {
    for (const [id, site] of this.#sites) {
      if (site.name === name) this.#sites.delete(id);
    }
  }

  /** The member's process is gone, its machine is not: connections break and new ones are refused, which its peers notice. */
  refuse(name: string): void {
    for (const [id, site] of this.#sites) {
      if (site.name === name) this.#refuse(id, site);
    }
  }

  #refuse(id: MemberId, gone: Site): void {
    this.#sites.delete(id);
    for (const { name, process, receiver } of this.#sites.values()) {
      if (!this.connects(name, gone.name)) continue;
      process.soon(() => {
        receiver.peerRefused(id);
      });
    }
  }

  #reached(from: Site | undefined, to: MemberId): Site | undefined {
    const site = this.#sites.get(to);
    if (from === undefined || site === undefined) return undefined;
    return this.connects(from.name, site.name) ? site : undefined;
  }

  #send(from: Site | undefined, message: Message): void {
    if (from === undefined) return;
    // As bytes, so that no member sees what another one has in memory.
    const bytes = encodeMessage(message);
    this.#clock.soon(() => {
      const site = this.#reached(from, message.to);
      if (site === undefined || site.held >= HELD_MESSAGES_MAX) {
        from.process.soon(() => {
          from.receiver.unreachable(message.to);
        });
        return;
      }
      site.held++;
      site.process.soon(() => {
        site.held--;
        site.receiver.receive(decodeMessage(bytes));
      });
    });
  }

  async #sendSnapshot(
    from: Site | undefined,
    message: MsgSnap,
    image: SnapshotImage,
  ): Promise<void> {
    const site = this.#reached(from, message.to);
    if (site === undefined) throw new PeerError('unreachable', 'nobody takes the snapshot');
    await site.receiver.receiveSnapshot(
      message,
      this.#whileReached(from, message.to, image.chunks),
    );
  }

  /** Copies, so that no member sees what another one has in memory; ends when the two are cut off from each other. */
  async *#whileReached(
    from: Site | undefined,
    to: MemberId,
    chunks: AsyncIterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      if (this.#reached(from, to) === undefined) {
        throw new PeerError('unreachable', 'the way of the snapshot is cut');
      }
      yield chunk.slice();
    }
  }

  #call(from: Site | undefined, to: MemberId, request: PeerRequest): Promise<PeerAnswer> {
    const site = this.#reached(from, to);
    const routes = site?.routes;
    if (from === undefined || site === undefined || routes === undefined) {
      return Promise.reject(new PeerError('unreachable', `${request.path} is not reached`));
    }
    return new Promise((resolve, reject) => {
      const timer = from.process.after(request.timeoutMs, () => {
        const text = `${site.name} did not answer ${request.path} within ${request.timeoutMs} ms`;
        reject(new PeerError('unreachable', text));
      });
      const answered = (answer: PeerAnswer): void => {
        this.#clock.noteActivity();
        if (!this.connects(from.name, site.name)) return;
        from.process.soon(() => {
          timer.cancel();
          resolve(answer);
        });
      };
      site.process.soon(() => {
        this.#clock.noteActivity();
        void askRoutes(routes, request).then(answered);
      });
    });
  }
}
