/** How the copy of a store goes from member to member: as one piece that takes its time, and of which a bit may arrive as another. */
import type { MsgSnap } from '@kv/raft';
import { PeerError } from '../peer/errors.js';
import { decodeSnapshotBody, encodeSnapshotBody } from '../peer/snapshot-body.js';
import type { SnapshotImage } from '../peer/transport.js';
import type { Chance } from './chance.js';
import type { Network, Site } from './network.js';
import type { Sabotage } from './sabotage.js';
import type { Timeline } from './timeline.js';
import type { Trace } from './trace.js';

/** What the copy of a store takes beyond a message, and when its sender gives up. */
const SNAPSHOT_MS = 20;
const SNAPSHOT_TIMEOUT_MS = 5000;

export class SnapshotWay {
  readonly #network: Pick<Network, 'conditions' | 'delayMs' | 'siteOf' | 'reaches'>;
  readonly #timeline: Timeline;
  readonly #chance: Chance;
  readonly #trace: Trace;
  readonly #sabotage: Sabotage | undefined;
  /** Copies that reached a member, and those of them that were damaged. */
  arrived = 0;
  damaged = 0;

  constructor(
    network: Pick<Network, 'conditions' | 'delayMs' | 'siteOf' | 'reaches'>,
    timeline: Timeline,
    chance: Chance,
    trace: Trace,
    sabotage: Sabotage | undefined,
  ) {
    this.#network = network;
    this.#timeline = timeline;
    this.#chance = chance;
    this.#trace = trace;
    this.#sabotage = sabotage;
  }

  /** As `PeerTransport.sendSnapshot`. */
  async send(from: Site, message: MsgSnap, image: SnapshotImage): Promise<void> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of encodeSnapshotBody(message, image).chunks) chunks.push(chunk.slice());
    const sent = Buffer.concat(chunks);
    const { actor } = from.process;
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        this.#timeline.after(this.#network.delayMs(), actor, () => {
          reject(new PeerError('unreachable', why));
        });
      };
      this.#timeline.after(SNAPSHOT_TIMEOUT_MS, actor, () => {
        reject(new PeerError('unreachable', 'the snapshot took too long'));
      });
      const to = this.#network.siteOf(from, message.to);
      if (to === undefined) {
        fail('nobody is there');
        return;
      }
      this.#timeline.after(SNAPSHOT_MS + this.#network.delayMs(), to.process.actor, () => {
        if (!this.#network.reaches(from.process, to.process)) {
          fail('the way is cut');
          return;
        }
        this.#trace.text(`snapshot of ${message.from} for ${message.to}`);
        this.#receive(to, this.#arriving(sent)).then(
          () => {
            this.#timeline.after(this.#network.delayMs(), actor, resolve);
          },
          (error: unknown) => {
            fail(String(error));
          },
        );
      });
    });
  }

  async #receive(to: Site, body: Buffer): Promise<void> {
    const { message, chunks } = await decodeSnapshotBody(oneByOne([body]));
    // As `peer/raft-routes.ts` has it.
    if (to.receiver.isRemoved(message.from)) throw new PeerError('refused', 'removed member');
    if (message.to !== to.memberId) throw new PeerError('refused', 'to field mismatch');
    await to.receiver.receiveSnapshot(message, chunks);
  }

  #arriving(sent: Buffer): Buffer {
    this.arrived += 1;
    const { damage } = this.#network.conditions;
    if (damage === 0 || !this.#chance.happens(damage)) return sent;
    this.damaged += 1;
    const arrived = Buffer.from(sent);
    const at = this.#chance.below(arrived.length);
    arrived.writeUInt8(arrived.readUInt8(at) ^ (1 << this.#chance.below(8)), at);
    return this.#sabotage?.arrived?.(sent, arrived) ?? arrived;
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- a stream, as the port asks for
async function* oneByOne(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield chunk;
}
