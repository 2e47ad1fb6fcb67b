/**
 * Sends snapshots to members that are too far behind the log: a copy of the store, made and read beside the work of this thread.
 *
 * Raft decides when, and asks again until one has arrived. One transfer at a time; the log from the copy on is kept until the
 * member had time to go on from it, or the snapshot would be out of date when it is there.
 */
import type { MvccStore } from '@kv/mvcc';
import { toIndex, toTerm, type LogIndex, type MsgSnap } from '@kv/raft';
import type { Clock, Timer } from '../clock.js';
import { confStateFromJson } from '../cluster/conf-state.js';
import { errorOf } from '../errors.js';
import type { MemberId } from '../ids.js';
import { invariant } from '../invariant.js';
import type { Logger } from '../logger.js';
import type { PeerTransport } from '../peer/transport.js';
import { textOf } from '../wire/buffer.js';
import type { SnapshotMetrics } from './snapshot-metrics.js';

/** How long the log is kept from a snapshot on after it has arrived (etcd's releaseDelayAfterSnapshot). */
const HELD_AFTER_MS = 30_000;

export interface SnapshotSenderParts {
  readonly store: Pick<MvccStore, 'exportImage'>;
  readonly peers: Pick<PeerTransport, 'sendSnapshot' | 'takesSnapshots'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: SnapshotMetrics;
  readonly appliedIndex: () => LogIndex;
  /** Tells Raft what became of it. Without that it waits for ever. */
  readonly report: (id: MemberId, outcome: 'finished' | 'failed') => void;
  /** A member needs a snapshot, and can not use ours. */
  readonly unusable: (id: MemberId) => void;
}

/** The log is needed from here on, by the member that a snapshot goes to. */
interface Hold {
  readonly from: LogIndex;
  /** Ends it, once the snapshot has arrived. */
  timer: Timer | undefined;
}

export class SnapshotSender {
  readonly #parts: SnapshotSenderParts;
  readonly #ending = new AbortController();
  readonly #holds = new Set<Hold>();
  #running: Promise<void> | undefined;

  constructor(parts: SnapshotSenderParts) {
    this.#parts = parts;
  }

  /** The first entry that members to whom snapshots went may still need; undefined when there is none. */
  get heldFrom(): LogIndex | undefined {
    let first: LogIndex | undefined;
    for (const { from } of this.#holds) if (first === undefined || from < first) first = from;
    return first;
  }

  /** Begins a transfer, unless one is under way: then it has failed, and Raft asks again at the next heartbeat. */
  send(message: MsgSnap): void {
    const { peers, report, unusable } = this.#parts;
    const takes = peers.takesSnapshots(message.to);
    if (takes === false) unusable(message.to);
    if (takes !== true || this.#running !== undefined || this.#ending.signal.aborted) {
      report(message.to, 'failed');
      return;
    }
    this.#running = this.#transfer(message).finally(() => {
      this.#running = undefined;
    });
  }

  /** Gives up what is under way, and waits until nothing is left of it. */
  async close(): Promise<void> {
    this.#ending.abort(new Error('the member is closing'));
    await this.#running;
    for (const { timer } of this.#holds) timer?.cancel();
  }

  /** Never rejects. */
  async #transfer(message: MsgSnap): Promise<void> {
    const { clock, logger, metrics, appliedIndex, report } = this.#parts;
    const watch = metrics.sending(message.to);
    const startedMs = clock.monotonicMs();
    // The copy is of this entry or a later one.
    const hold: Hold = { from: toIndex(appliedIndex() + 1), timer: undefined };
    this.#holds.add(hold);
    const fields = { 'remote-peer-id': message.to };
    try {
      const { index, bytes } = await this.#sendCopy(message);
      hold.timer = clock.after(HELD_AFTER_MS, () => {
        this.#holds.delete(hold);
      });
      watch.ended('success');
      logger.log('info', 'sent database snapshot', {
        ...fields,
        'snapshot-index': index,
        bytes,
        'took-ms': Math.round(clock.monotonicMs() - startedMs),
      });
      report(message.to, 'finished');
    } catch (error) {
      this.#holds.delete(hold);
      watch.ended('failure');
      const { message: why } = errorOf(error);
      logger.log('warn', 'failed to send database snapshot', { ...fields, error: why });
      report(message.to, 'failed');
    }
  }

  async #sendCopy(message: MsgSnap): Promise<{ readonly index: LogIndex; readonly bytes: number }> {
    const { store, peers } = this.#parts;
    const image = await store.exportImage();
    try {
      const { consistentIndex, confState, bytes } = image;
      invariant(confState !== undefined, 'a store that has members has their configuration');
      const meta = {
        index: toIndex(consistentIndex.index),
        term: toTerm(consistentIndex.term),
        confState: confStateFromJson(textOf(confState)),
      };
      const { signal } = this.#ending;
      await peers.sendSnapshot(
        { ...message, snapshot: { ...message.snapshot, meta } },
        image,
        signal,
      );
      return { index: meta.index, bytes };
    } finally {
      await image.close();
    }
  }
}
