/**
 * The network between simulated members, and between members and clients: messages take time, are lost, come twice, overtake one
 * another; links are cut one way or both ways. A link is an ordered pair of machines.
 */
import type { Message } from '@kv/raft';
import { decodeMessage, encodeMessage } from '@kv/raft/codec';
import type { BootstrapNetwork, LookupAnswer } from '../cluster/bootstrap-network.js';
import type { MemberId } from '../ids.js';
import { PeerError } from '../peer/errors.js';
import type {
  LocalMember,
  PeerAnswer,
  PeerReceiver,
  PeerRequest,
  PeerTransport,
} from '../peer/transport.js';
import type { Chance } from './chance.js';
import { Links } from './links.js';
import { machineIndexOf, type Machine, type Process } from './machine.js';
import { answerLookup, answerPeer } from './peer-questions.js';
import type { Sabotage } from './sabotage.js';
import { SnapshotWay } from './snapshot-way.js';
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
  /** Share of snapshots of which one bit arrives as another. */
  readonly damage: number;
}

const STRAGGLING_MS = 600;
/** How often a member tries to reach those that it does not hear: it is told so that it was removed. */
const DIAL_MS = 700;

export const calmNetwork: NetworkConditions = {
  loss: 0,
  duplication: 0,
  delayMs: [0.2, 1],
  straggling: 0,
  reordering: false,
  damage: 0,
};

/** One process that has started to listen. */
export interface Site {
  readonly process: Process;
  readonly memberId: MemberId;
  readonly peerUrls: readonly string[];
  readonly receiver: PeerReceiver;
  readonly links: Links;
  /** Simulated. */
  readonly sinceMs: number;
  isRemoved: boolean;
}

export class Network {
  readonly #timeline: Timeline;
  readonly #chance: Chance;
  readonly #trace: Trace;
  readonly #snapshots: SnapshotWay;
  /** By the index of the machine. */
  readonly #sites = new Map<number, Site>();
  /** Cut links, as `from>to`. */
  readonly #cut = new Set<string>();
  /** When the last message of a link arrives, where they keep their order. */
  readonly #lastMs = new Map<string, number>();
  /** Simulated time at which a pair of machines was last joined again. */
  readonly #joinedMs = new Map<string, number>();
  conditions: NetworkConditions;
  /** Hears of each vote that leaves a machine. */
  voted: (machine: Machine) => void = () => undefined;

  constructor(
    timeline: Timeline,
    chance: Chance,
    trace: Trace,
    conditions: NetworkConditions,
    sabotage: Sabotage | undefined,
  ) {
    this.#timeline = timeline;
    this.#chance = chance;
    this.#trace = trace;
    this.conditions = conditions;
    this.#snapshots = new SnapshotWay(this, timeline, chance, trace, sabotage);
  }

  /** Copies of stores that came, whole or not; and of these, those that were damaged on the way. */
  get snapshotCounts(): Pick<SnapshotWay, 'arrived' | 'damaged'> {
    return this.#snapshots;
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

  /** The process on this machine is gone, and the machine goes on: it tells those that it reaches that nobody listens there. */
  processGone(index: number): void {
    for (const other of this.#sites.keys()) {
      if (!this.isCut(index, other) && !this.isCut(other, index)) this.refuse(other, index);
    }
  }

  /** The process on machine `from` is told, rightly or not, that nobody listens on machine `to`. */
  refuse(from: number, to: number): void {
    const [site, other] = [this.#sites.get(from), this.#sites.get(to)];
    if (site === undefined || other === undefined || site === other) return;
    if (site.links.urlsOf(other.memberId) === undefined) return;
    this.#timeline.after(this.delayMs(), site.process.actor, () => {
      site.receiver.peerRefused(other.memberId);
    });
  }

  /** The machine of a member, if one runs. */
  machineOf(id: bigint): number | undefined {
    const site = [...this.#sites.values()].find(({ memberId }) => memberId === id);
    return site?.process.machine.index;
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
    const unstarted = (): Promise<never> =>
      Promise.reject(new PeerError('unreachable', 'not started'));
    return {
      start: (local: LocalMember, receiver: PeerReceiver) => {
        site = {
          process,
          memberId: local.memberId,
          peerUrls: local.peerUrls,
          receiver,
          links: new Links(),
          sinceMs: this.#timeline.nowMs,
          isRemoved: false,
        };
        this.#sites.set(process.machine.index, site);
        this.#dial(site);
      },
      send: (messages) => {
        if (site === undefined || process.actor.hasEnded) return;
        for (const message of messages) this.#send(site, message);
      },
      sendSnapshot: (message, image) =>
        site === undefined ? unstarted() : this.#snapshots.send(site, message, image),
      takesSnapshots: () => true,
      setPeers: (peers) => {
        site?.links.set(peers, (id) => site?.receiver.isRemoved(id) === true);
      },
      connectedSinceMs: (id) => (site === undefined ? undefined : this.#connectedSinceMs(site, id)),
      call: (id, request) => (site === undefined ? unstarted() : this.#call(site, id, request)),
      close: () => {
        if (this.#sites.get(process.machine.index) === site) {
          this.#sites.delete(process.machine.index);
        }
        return Promise.resolve();
      },
    };
  }

  /** What a process asks that has no log yet. Every name is known. */
  bootstrap(process: Process): BootstrapNetwork {
    return {
      get: (url, timeoutMs) => this.#lookup(process, url, timeoutMs),
      resolve: (host) => Promise.resolve(host),
    };
  }

  /** Who is where this process believes the member to be; undefined when nobody is, or when it has no address for it. */
  siteOf(from: Site, id: MemberId): Site | undefined {
    return this.#siteAt(from.links.urlsOf(id) ?? []);
  }

  reaches(from: Process, to: Process): boolean {
    const [a, b] = [from.machine.index, to.machine.index];
    return !this.isCut(a, b) && !this.isCut(b, a) && !to.actor.hasEnded;
  }

  #siteAt(urls: readonly string[]): Site | undefined {
    for (const url of urls) {
      const index = machineIndexOf(url);
      const site = index === undefined ? undefined : this.#sites.get(index);
      if (site !== undefined) return site;
    }
    return undefined;
  }

  /** Members keep trying to hear each other, whether or not there is anything to say. */
  #dial(site: Site): void {
    const { process, links, memberId } = site;
    this.#timeline.after(DIAL_MS, process.actor, () => {
      for (const urls of links.all) {
        const other = this.#siteAt(urls);
        if (other === undefined || !this.reaches(process, other.process)) continue;
        if (other.receiver.isRemoved(memberId)) this.#tellRemoved(site);
      }
      this.#dial(site);
    });
  }

  #tellRemoved(site: Site): void {
    this.#timeline.after(this.delayMs(), site.process.actor, () => {
      if (site.isRemoved) return;
      site.isRemoved = true;
      site.receiver.removed();
    });
  }

  #send(from: Site, message: Message): void {
    // A member that is not in the configuration (any more) has no link.
    if (from.links.urlsOf(message.to) === undefined) return;
    if (message.type === 'MsgVoteResp' && !message.reject) this.voted(from.process.machine);
    // As bytes, so that no member sees what another one has in memory.
    const bytes = encodeMessage(message);
    const target = this.siteOf(from, message.to);
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
    const way = { from, target, bytes, to: message.to };
    this.#deliver(way);
    // A transport may repeat what Raft can take twice. A forwarded proposal is not such: streams and posts carry it at most once.
    const repeats = duplication > 0 && message.type !== 'MsgProp';
    if (repeats && this.#chance.happens(duplication)) this.#deliver(way);
  }

  #deliver({ from, target, bytes, to }: Delivery): void {
    const [source, sink] = [from.process.machine.index, target.process.machine.index];
    const link = linkName(source, sink);
    let atMs = this.#timeline.nowMs + this.delayMs();
    if (!this.conditions.reordering) {
      atMs = Math.max(atMs, this.#lastMs.get(link) ?? 0);
      this.#lastMs.set(link, atMs);
    }
    this.#timeline.at(atMs, target.process.actor, () => {
      if (this.#cut.has(link)) {
        if (!from.process.actor.hasEnded) this.#unreachable(from, to);
        return;
      }
      this.#trace.number(this.#timeline.nowMs);
      this.#trace.bytes(bytes);
      if (target.receiver.isRemoved(from.memberId)) {
        this.#tellRemoved(from);
        return;
      }
      target.links.introduce(from.memberId, from.peerUrls);
      target.receiver.receive(decodeMessage(bytes));
    });
  }

  #unreachable(from: Site, to: MemberId): void {
    this.#timeline.after(this.delayMs(), from.process.actor, () => {
      from.receiver.unreachable(to);
    });
  }

  /** On the clock of the machine that asks. */
  #connectedSinceMs(from: Site, id: MemberId): number | undefined {
    const to = this.siteOf(from, id);
    if (to?.memberId !== id || !this.reaches(from.process, to.process)) return undefined;
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
      const to = this.siteOf(from, id);
      if (to === undefined || !this.reaches(from.process, to.process)) {
        this.#timeline.after(this.delayMs(), actor, () => {
          reject(new PeerError('unreachable', `${request.path} is not reached`));
        });
        return;
      }
      this.#timeline.after(this.delayMs(), to.process.actor, () => {
        const api = to.process.member?.peerApi;
        if (!this.reaches(from.process, to.process) || api === undefined) return;
        answerPeer(api, request, (answer) => {
          if (!this.reaches(from.process, to.process)) return;
          this.#timeline.after(this.delayMs(), actor, () => {
            resolve(answer);
          });
        });
      });
    });
  }

  #lookup(from: Process, url: string, timeoutMs: number): Promise<LookupAnswer> {
    const { origin, pathname } = new URL(url);
    return new Promise((resolve, reject) => {
      this.#timeline.after(timeoutMs, from.actor, () => {
        reject(new Error(`${url} took too long`));
      });
      const to = this.#siteAt([origin])?.process;
      if (to?.member === undefined || !this.reaches(from, to)) {
        this.#timeline.after(this.delayMs(), from.actor, () => {
          reject(new Error(`${url} is not reached`));
        });
        return;
      }
      const { member } = to;
      this.#timeline.after(this.delayMs(), to.actor, () => {
        answerLookup(member, pathname, (answer) => {
          if (!this.reaches(from, to)) return;
          this.#timeline.after(this.delayMs(), from.actor, () => {
            resolve(answer);
          });
        });
      });
    });
  }
}

interface Delivery {
  readonly from: Site;
  readonly target: Site;
  readonly to: MemberId;
  readonly bytes: Uint8Array;
}

function linkName(from: number, to: number): string {
  return `${from}>${to}`;
}

function pairName(a: number, b: number): string {
  return `${Math.min(a, b)}-${Math.max(a, b)}`;
}
