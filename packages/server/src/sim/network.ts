/**
 * The network between simulated members, and between members and clients: messages take time, are lost, come twice, overtake one
 * another; links are cut one way or both ways. A link is an ordered pair of machines.
 */
import type { Message, MsgSnap } from '@kv/raft';
import { decodeMessage, encodeMessage } from '@kv/raft/codec';
import type { MemberId } from '../ids.js';
import { PeerError } from '../peer/errors.js';
import { decodeSnapshotBody, encodeSnapshotBody } from '../peer/snapshot-body.js';
import type {
  LocalMember,
  PeerAnswer,
  PeerReceiver,
  PeerRequest,
  PeerTransport,
  SnapshotImage,
} from '../peer/transport.js';
import type { Chance } from './chance.js';
import type { Process } from './machine.js';
import { answerPeer } from './peer-questions.js';
import type { Timeline } from './timeline.js';
import type { Trace } from './trace.js';

export interface NetworkConditions {
  /** Share of messages that are lost. */
  readonly loss: number;
  /** Share of messages that arrive twice. */
  readonly duplication: number;
  /** Both inclusive. */
  readonly delayMs: readonly [number, number];
  /** Share of messages that take much longer, {@link STRAGGLING_MS} on average. */
  readonly straggling: number;
  /** Whether a message may overtake another one of its link. */
  readonly reordering: boolean;
}

const STRAGGLING_MS = 600;
/** What the copy of a store takes beyond a message, and when its sender gives up. */
const SNAPSHOT_MS = 20;
const SNAPSHOT_TIMEOUT_MS = 5000;

export const calmNetwork: NetworkConditions = {
  loss: 0,
  duplication: 0,
  delayMs: [0.2, 1],
  straggling: 0,
  reordering: false,
};

interface Site {
  readonly process: Process;
  readonly memberId: MemberId;
  readonly receiver: PeerReceiver;
  /** On this machine's clock. */
  readonly sinceMs: number;
}

export class Network {
  readonly #timeline: Timeline;
  readonly #chance: Chance;
  readonly #trace: Trace;
  readonly #sites = new Map<MemberId, Site>();
  /** Cut links, as `from>to`. */
  readonly #cut = new Set<string>();
  /** When the last message of a link arrives, where they keep their order. */
  readonly #lastMs = new Map<string, number>();
  /** Simulated time at which a pair of machines was last joined again. */
  readonly #joinedMs = new Map<string, number>();
  conditions: NetworkConditions;
  /** Copies of stores that reached a member. */
  snapshots = 0;

  constructor(timeline: Timeline, chance: Chance, trace: Trace, conditions: NetworkConditions) {
    this.#timeline = timeline;
    this.#chance = chance;
    this.#trace = trace;
    this.conditions = conditions;
  }

  cut(from: number, to: number): void {
    this.#cut.add(linkName(from, to));
  }

  join(from: number, to: number): void {
    if (!this.#cut.delete(linkName(from, to))) return;
    this.#joinedMs.set(pairName(from, to), this.#timeline.nowMs);
  }

  isCut(from: number, to: number): boolean {
    return this.#cut.has(linkName(from, to));
  }

  /** All links work again. */
  heal(): void {
    for (const link of [...this.#cut]) {
      const [from, to] = link.split('>').map(Number);
      this.join(from ?? 0, to ?? 0);
    }
  }

  /** The machine of a member, if one runs. */
  machineOf(id: MemberId): number | undefined {
    return this.#sites.get(id)?.process.machine.index;
  }

  /** How long something is under way now; undefined when it is lost. */
  delayMs(): number {
    const { delayMs, straggling } = this.conditions;
    const [low, high] = delayMs;
    const base = low + (high - low) * (this.#chance.below(1000) / 1000);
    if (straggling === 0 || !this.#chance.happens(straggling)) return base;
    return base + this.#chance.waitMs(STRAGGLING_MS);
  }

  /** The way of one process to the others. */
  transport(process: Process): PeerTransport {
    let site: Site | undefined;
    return {
      start: (local: LocalMember, receiver: PeerReceiver) => {
        site = {
          process,
          memberId: local.memberId,
          receiver,
          sinceMs: this.#timeline.nowMs,
        };
        this.#sites.set(local.memberId, site);
      },
      send: (messages) => {
        if (site === undefined || process.actor.hasEnded) return;
        for (const message of messages) this.#send(site, message);
      },
      // The log is kept for those who take none, so none is needed here.
      sendSnapshot: (message, image) =>
        site === undefined
          ? Promise.reject(new PeerError('unreachable', 'not started'))
          : this.#sendSnapshot(site, message, image),
      takesSnapshots: () => true,
      setPeers: () => undefined,
      connectedSinceMs: (id) => (site === undefined ? undefined : this.#connectedSinceMs(site, id)),
      call: (id, request) =>
        site === undefined
          ? Promise.reject(new PeerError('unreachable', 'not started'))
          : this.#call(site, id, request),
      close: () => {
        if (site !== undefined && this.#sites.get(site.memberId) === site) {
          this.#sites.delete(site.memberId);
        }
        return Promise.resolve();
      },
    };
  }

  #send(from: Site, message: Message): void {
    // As bytes, so that no member sees what another one has in memory.
    const bytes = encodeMessage(message);
    const target = this.#sites.get(message.to);
    const { loss, duplication } = this.conditions;
    if (target === undefined || target.process.actor.hasEnded) {
      this.#unreachable(from, message.to);
      return;
    }
    if (loss > 0 && this.#chance.happens(loss)) {
      // Half of what is lost is noticed, as by a stream that breaks.
      if (this.#chance.happens(0.5)) this.#unreachable(from, message.to);
      return;
    }
    this.#deliver(from, target, bytes);
    // A transport may repeat what Raft can take twice. A forwarded proposal is not such: streams and posts carry it at most once.
    const repeats = duplication > 0 && message.type !== 'MsgProp';
    if (repeats && this.#chance.happens(duplication)) this.#deliver(from, target, bytes);
  }

  #deliver(from: Site, target: Site, bytes: Uint8Array): void {
    const [source, sink] = [from.process.machine.index, target.process.machine.index];
    const link = linkName(source, sink);
    let atMs = this.#timeline.nowMs + this.delayMs();
    if (!this.conditions.reordering) {
      atMs = Math.max(atMs, this.#lastMs.get(link) ?? 0);
      this.#lastMs.set(link, atMs);
    }
    this.#timeline.at(atMs, target.process.actor, () => {
      if (this.#cut.has(link)) {
        if (!from.process.actor.hasEnded) this.#unreachable(from, target.memberId);
        return;
      }
      this.#trace.number(this.#timeline.nowMs);
      this.#trace.bytes(bytes);
      target.receiver.receive(decodeMessage(bytes));
    });
  }

  /** As one piece, that takes its time: it arrives whole or not at all. */
  async #sendSnapshot(from: Site, message: MsgSnap, image: SnapshotImage): Promise<void> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of encodeSnapshotBody(message, image).chunks) chunks.push(chunk.slice());
    const { actor } = from.process;
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        this.#timeline.after(this.delayMs(), actor, () => {
          reject(new PeerError('unreachable', why));
        });
      };
      this.#timeline.after(SNAPSHOT_TIMEOUT_MS, actor, () => {
        reject(new PeerError('unreachable', 'the snapshot took too long'));
      });
      const to = this.#sites.get(message.to);
      if (to === undefined) {
        fail('nobody is there');
        return;
      }
      this.#timeline.after(SNAPSHOT_MS + this.delayMs(), to.process.actor, () => {
        if (!this.#reaches(from, to)) {
          fail('the way is cut');
          return;
        }
        this.snapshots += 1;
        this.#trace.text(`snapshot of ${message.from} for ${message.to}`);
        void decodeSnapshotBody(oneByOne(chunks))
          .then((received) => to.receiver.receiveSnapshot(received.message, received.chunks))
          .then(
            () => {
              this.#timeline.after(this.delayMs(), actor, resolve);
            },
            (error: unknown) => {
              fail(String(error));
            },
          );
      });
    });
  }

  #unreachable(from: Site, to: MemberId): void {
    this.#timeline.after(this.delayMs(), from.process.actor, () => {
      from.receiver.unreachable(to);
    });
  }

  #reaches(from: Site, to: Site): boolean {
    const [a, b] = [from.process.machine.index, to.process.machine.index];
    return !this.isCut(a, b) && !this.isCut(b, a) && !to.process.actor.hasEnded;
  }

  /** On the clock of the machine that asks. */
  #connectedSinceMs(from: Site, id: MemberId): number | undefined {
    const to = this.#sites.get(id);
    if (to === undefined || !this.#reaches(from, to)) return undefined;
    const { machine } = from.process;
    const pair = pairName(machine.index, to.process.machine.index);
    const sinceMs = Math.max(from.sinceMs, to.sinceMs, this.#joinedMs.get(pair) ?? 0);
    return machine.clock.monotonicMs() - (this.#timeline.nowMs - sinceMs) * machine.clock.rate;
  }

  #call(from: Site, id: MemberId, request: PeerRequest): Promise<PeerAnswer> {
    const { actor } = from.process;
    return new Promise((resolve, reject) => {
      this.#timeline.after(request.timeoutMs, actor, () => {
        reject(new PeerError('unreachable', `${request.path} took too long`));
      });
      const to = this.#sites.get(id);
      if (to === undefined || !this.#reaches(from, to)) {
        this.#timeline.after(this.delayMs(), actor, () => {
          reject(new PeerError('unreachable', `${request.path} is not reached`));
        });
        return;
      }
      this.#timeline.after(this.delayMs(), to.process.actor, () => {
        const api = to.process.member?.peerApi;
        if (!this.#reaches(from, to) || api === undefined) return;
        answerPeer(api, request, (answer) => {
          if (!this.#reaches(from, to)) return;
          this.#timeline.after(this.delayMs(), actor, () => {
            resolve(answer);
          });
        });
      });
    });
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- a stream, as the port asks for
async function* oneByOne(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield chunk;
}

function linkName(from: number, to: number): string {
  return `${from}>${to}`;
}

function pairName(a: number, b: number): string {
  return `${Math.min(a, b)}-${Math.max(a, b)}`;
}
