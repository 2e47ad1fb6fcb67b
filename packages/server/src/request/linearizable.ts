/**
 * Linearizable reads in batches (thesis §6.4; etcd v3.7.1 server/etcdserver/read/read.go): one read-index round serves all
 * readers that had arrived when it began; who arrives during a round waits for the next one (invariant I6).
 *
 * Time and leadership come in as calls; nothing here starts a timer.
 */
import type { LogIndex } from '@kv/raft';
import { invariant } from '../invariant.js';
import { bufferOver } from '../wire/buffer.js';
import { READ_INDEX_RETRY_MS, WAITING_READS_MAX } from './limits.js';

export type ReadFailure = 'timedOut' | 'leaderChanged' | 'stopped' | 'tooManyRequests';

/** Hears exactly one of the two. `ready` runs in the turn in which the read may be served; it must not throw. */
export interface Reader {
  ready(): void;
  failed(failure: ReadFailure): void;
}

export interface LinearizablePorts {
  /** Asks Raft for a read index under this context; the answer comes back by `confirmed`. */
  readonly requestIndex: (context: Uint8Array) => void;
  readonly whenApplied: (index: LogIndex, reached: () => void) => void;
  readonly requestTimeoutMs: number;
  /** A round ended without an index. */
  readonly roundFailed: (failure: ReadFailure) => void;
}

interface Round {
  readonly readers: readonly Reader[];
  readonly startedMs: number;
  /** Any of these contexts answers the round: first and last, inclusive. */
  readonly firstContext: number;
  lastContext: number;
  askedMs: number;
}

export class Linearizable {
  readonly #ports: LinearizablePorts;
  #waiting: Reader[] = [];
  #round: Round | undefined;
  /** Confirmed rounds that wait until their index is applied. */
  readonly #applying = new Set<Round>();
  readonly #prefix: number;
  #nextContext: number;
  #stopped = false;

  /**
   * `firstContext`: where the 48-bit context numbers of this process begin; differs between restarts. `prefix`: 16 bits of
   * this member: a leader takes two requests with the same context for one.
   */
  constructor(ports: LinearizablePorts, firstContext: number, prefix = 0) {
    this.#ports = ports;
    this.#nextContext = firstContext;
    this.#prefix = prefix;
  }

  /** Whether somebody waits and no round is under way: the loop calls `begin` in its next turn. */
  get wantsRound(): boolean {
    return this.#round === undefined && this.#waiting.length > 0;
  }

  join(reader: Reader): void {
    if (this.#stopped) reader.failed('stopped');
    else if (this.#waiting.length >= WAITING_READS_MAX) reader.failed('tooManyRequests');
    else this.#waiting.push(reader);
  }

  /** Starts a round with everybody who waits. */
  begin(nowMs: number): void {
    invariant(this.wantsRound, 'a round begins when none is under way and somebody waits');
    const context = this.#nextContext;
    const round: Round = {
      readers: this.#waiting,
      startedMs: nowMs,
      firstContext: context,
      lastContext: context,
      askedMs: nowMs,
    };
    this.#waiting = [];
    this.#round = round;
    this.#ask(round, nowMs);
  }

  /** Raft answered. Answers to rounds that have ended are ignored. */
  confirmed(context: Uint8Array, index: LogIndex): void {
    const round = this.#round;
    if (round === undefined) return;
    const number = contextNumber(this.#prefix, context);
    if (number < round.firstContext || number > round.lastContext) return;
    this.#round = undefined;
    this.#applying.add(round);
    this.#ports.whenApplied(index, () => {
      if (!this.#applying.delete(round)) return;
      for (const reader of round.readers) reader.ready();
    });
  }

  /** At every tick: asks again after {@link READ_INDEX_RETRY_MS}, gives up after the request timeout. */
  tick(nowMs: number): void {
    const round = this.#round;
    if (round === undefined) return;
    if (nowMs - round.startedMs >= this.#ports.requestTimeoutMs) this.#failRound('timedOut');
    else if (nowMs - round.askedMs >= READ_INDEX_RETRY_MS) this.#ask(round, nowMs);
  }

  /** The first entry of a term was committed: a leader that put requests aside answers now. */
  termBegan(nowMs: number): void {
    if (this.#round !== undefined) this.#ask(this.#round, nowMs);
  }

  leaderChanged(): void {
    if (this.#round !== undefined) this.#failRound('leaderChanged');
  }

  /** Fails everybody. Idempotent. */
  stop(): void {
    this.#stopped = true;
    if (this.#round !== undefined) this.#failRound('stopped');
    const left = [...[...this.#applying].flatMap((round) => round.readers), ...this.#waiting];
    this.#applying.clear();
    this.#waiting = [];
    for (const reader of left) reader.failed('stopped');
  }

  #ask(round: Round, nowMs: number): void {
    round.lastContext = this.#nextContext;
    round.askedMs = nowMs;
    this.#nextContext += 1;
    this.#ports.requestIndex(contextBytes(this.#prefix, round.lastContext));
  }

  #failRound(failure: ReadFailure): void {
    const round = this.#round;
    this.#round = undefined;
    this.#ports.roundFailed(failure);
    if (round !== undefined) for (const reader of round.readers) reader.failed(failure);
  }
}

/** Eight bytes, as etcd's contexts are. */
function contextBytes(prefix: number, number: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeUIntBE(number, bytes.writeUInt16BE(prefix), 6);
  return bytes;
}

/** -1 for a context that is not of this member. */
function contextNumber(prefix: number, context: Uint8Array): number {
  if (context.length !== 8) return -1;
  const bytes = bufferOver(context);
  return bytes.readUInt16BE(0) === prefix ? bytes.readUIntBE(2, 6) : -1;
}
