/** The responses of one stream that wait to be taken: one queue for answers, events and progress, bounded (W5). */
import type { Counters } from './counters.js';
import type { WatchLimits } from './limits.js';
import type { WatchResponse } from './response.js';

/** Taken places are given back when there are this many and they are the larger part. */
const COMPACT_MIN = 64;

export class Outbox {
  readonly #limits: WatchLimits;
  readonly #counters: Counters;
  #queue: (WatchResponse | undefined)[] = [];
  #head = 0;
  /** Events and progress; the rest of the queue are answers to requests. */
  #responses = 0;
  #bytes = 0;

  constructor(limits: WatchLimits, counters: Counters) {
    this.#limits = limits;
    this.#counters = counters;
  }

  get size(): number {
    return this.#queue.length - this.#head;
  }

  /** Bytes of events that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Answers that wait are as many as the owner should let come together. */
  get isCongested(): boolean {
    return this.size - this.#responses >= this.#limits.outboxAnswersMax;
  }

  /** Not even a response without bytes has room. */
  get isFull(): boolean {
    return (
      this.#responses >= this.#limits.outboxResponsesMax ||
      this.#bytes >= this.#limits.outboxBytesMax
    );
  }

  /** Half empty: time to bring parked watchers back. Half, so that they do not come and go with each response. */
  get isRoomy(): boolean {
    return (
      this.#responses <= this.#limits.outboxResponsesMax / 2 &&
      this.#bytes <= this.#limits.outboxBytesMax / 2
    );
  }

  /** Whether events of so many bytes fit; one response always fits into an outbox without events. */
  hasRoom(bytes: number): boolean {
    if (this.#bytes === 0 && !this.isFull) return true;
    return !this.isFull && this.#bytes + bytes <= this.#limits.outboxBytesMax;
  }

  push(response: WatchResponse): void {
    this.#queue.push(response);
    this.#count(response, 1);
  }

  take(): WatchResponse | undefined {
    const response = this.#queue[this.#head];
    if (response === undefined) return undefined;
    this.#queue[this.#head++] = undefined;
    this.#count(response, -1);
    if (response.type === 'events') this.#counters.takenEvents += response.batch.events.length;
    if (this.#head >= COMPACT_MIN && this.#head * 2 >= this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return response;
  }

  clear(): void {
    for (const response of this.#queue) if (response !== undefined) this.#count(response, -1);
    this.#queue = [];
    this.#head = 0;
  }

  #count(response: WatchResponse, sign: 1 | -1): void {
    if (response.type !== 'events' && response.type !== 'progress') return;
    this.#responses += sign;
    this.#counters.pendingResponses += sign;
    if (response.type === 'progress') return;
    const { encodedBytes, events } = response.batch;
    this.#bytes += sign * encodedBytes;
    this.#counters.pendingBytes += sign * encodedBytes;
    this.#counters.pendingEvents += sign * events.length;
  }
}
