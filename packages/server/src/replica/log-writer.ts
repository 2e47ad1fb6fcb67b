/**
 * Makes durable what Raft gives out, in order, and hands on what may be said only then (invariant I1).
 *
 * ```
 *   write ──▶ wal.append ──▶ waiting ──▶ under way ──▶ memory's log, responses
 *                              ▲  one sync for all that waits   ▲
 *                              └─ next, when this one ends ─────┘
 * ```
 *
 * At most one sync is under way. Whoever asks for one owns its promise and calls `finish` when it has resolved.
 */
import type { RawNode, StorageAppend } from '@kv/raft';
import type { StableLog, Wal } from '@kv/wal';
import type { Clock } from '../clock.js';
import { invariant } from '../invariant.js';
import { InlineSyncs } from './inline-sync.js';
import type { ReplicaMetrics } from './replica-metrics.js';

/** Above this many bytes that wait behind a sync, no more messages of a leader are taken in. */
export const WAITING_BYTES_MAX: number = 16 * 1024 * 1024;

export interface LogWriterParts {
  readonly node: Pick<RawNode, 'id' | 'step'>;
  readonly wal: Pick<Wal, 'append' | 'sync' | 'syncNow'>;
  readonly log: Pick<StableLog, 'append' | 'setHardState'>;
  readonly clock: Clock;
  readonly metrics: Pick<ReplicaMetrics, 'written' | 'synced' | 'committed'>;
  /** What others may hear now. */
  readonly send: (messages: readonly Promised[]) => void;
}

/** What a piece of work says to other members when it is done. */
export type Promised = Exclude<
  StorageAppend['responses'][number],
  { type: 'MsgStorageAppendResp' }
>;

interface Written {
  readonly append: StorageAppend;
  /** Entries, term or vote are new: it is done when a sync that began after it has ended. */
  readonly mustSync: boolean;
}

export class LogWriter {
  readonly #parts: LogWriterParts;
  readonly #inlineSyncs = new InlineSyncs();
  /** Written, and not covered by the sync under way. */
  #waiting: Written[] = [];
  #waitingBytes = 0;
  #underWay: { readonly covered: readonly Written[]; readonly startedMs: number } | undefined;

  constructor(parts: LogWriterParts) {
    this.#parts = parts;
  }

  /** A sync is under way, and what is written now waits for the next one. */
  get isSyncing(): boolean {
    return this.#underWay !== undefined;
  }

  get isFull(): boolean {
    return this.#waitingBytes > WAITING_BYTES_MAX;
  }

  /** Writes one piece of work; it is done at once if neither it nor what came before needs a sync. Throws what ends the member. */
  write(append: StorageAppend, mustSync: boolean): void {
    const { wal, clock, metrics } = this.#parts;
    const { entries, hardState } = append;
    const startedMs = clock.monotonicMs();
    wal.append({ entries, hardState });
    metrics.written(clock.monotonicMs() - startedMs);
    if (hardState !== undefined) metrics.committed(hardState.commit);
    if (!mustSync && !this.isSyncing && this.#waiting.length === 0) {
      this.#done(append);
      return;
    }
    this.#waiting.push({ append, mustSync });
    for (const entry of entries) this.#waitingBytes += entry.data.length;
  }

  /** Syncs a lone entry on this thread, if that is quick. False, with nothing done, otherwise. */
  syncNow(): boolean {
    const { wal, clock } = this.#parts;
    const [only, more] = this.#waiting;
    if (only === undefined || more !== undefined || this.isSyncing) return false;
    const startedMs = clock.monotonicMs();
    if (!this.#inlineSyncs.allow(only.append.entries) || !wal.syncNow()) return false;
    this.#finish(this.#takeWaiting(), startedMs);
    return true;
  }

  /** Begins a sync of all that waits; undefined if nothing does, or one is under way. */
  sync(): Promise<void> | undefined {
    if (this.isSyncing || this.#waiting.length === 0) return undefined;
    const { wal, clock } = this.#parts;
    this.#underWay = { covered: this.#takeWaiting(), startedMs: clock.monotonicMs() };
    return wal.sync();
  }

  /** The sync has ended: what it covered is done, and what came behind that and needs none of its own. */
  finish(): void {
    const ended = this.#underWay;
    invariant(ended !== undefined, 'a sync that ends was under way');
    this.#underWay = undefined;
    const next = this.#waiting.findIndex(({ mustSync }) => mustSync);
    const free = this.#waiting.splice(0, next < 0 ? this.#waiting.length : next);
    this.#finish([...ended.covered, ...free], ended.startedMs);
  }

  #takeWaiting(): readonly Written[] {
    const taken = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    return taken;
  }

  #finish(done: readonly Written[], startedMs: number): void {
    const { clock, metrics } = this.#parts;
    const tookMs = clock.monotonicMs() - startedMs;
    metrics.synced(tookMs);
    this.#inlineSyncs.observe(tookMs);
    for (const { append } of done) this.#done(append);
  }

  /** It is on stable storage: memory's log has it, others hear what it promises, and then Raft itself. */
  #done({ entries, hardState, responses }: StorageAppend): void {
    const { node, log, send } = this.#parts;
    log.append(entries);
    if (hardState !== undefined) log.setHardState(hardState);
    deliver(responses, node, send);
  }
}

/** To whom they go: others first, for they wait longer. */
export function deliver(
  responses: StorageAppend['responses'],
  node: LogWriterParts['node'],
  send: LogWriterParts['send'],
): void {
  const promised = responses.filter(
    (response): response is Promised =>
      response.type !== 'MsgStorageAppendResp' && response.to !== node.id,
  );
  if (promised.length > 0) send(promised);
  for (const response of responses) if (response.to === node.id) node.step(response);
}
