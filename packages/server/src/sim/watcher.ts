/** One watcher: watches on a stream of some member, and goes on elsewhere, where it was, when that stream ends. */
import type { WatchRequest } from '@kv/proto';
import { watchService, type WatchCreateRequest, type WatchResponse } from '@kv/proto';
import type { Chance } from './chance.js';
import type { ClientStream, Connections } from './connection.js';
import type { Sabotage } from './sabotage.js';
import type { WatcherRecord, WatchRecord } from './history.js';
import type { Fleet } from './fleet.js';
import { Actor, type Timeline } from './timeline.js';

export interface WatcherParts {
  readonly timeline: Timeline;
  readonly chance: Chance;
  readonly connections: Connections;
  readonly fleet: Pick<Fleet, 'members'>;
  readonly request: WatchCreateRequest;
  readonly record: WatcherRecord;
  /** Of the header that any client saw last. */
  readonly headerRevision: () => number;
  readonly sabotage: Sabotage | undefined;
}

const RECONNECT_MS = 100;
/** Mean time between two questions for progress. */
const PROGRESS_MS = 1500;

export class Watcher {
  readonly #parts: WatcherParts;
  readonly #actor: Actor;
  #stream: ClientStream<WatchRequest> | undefined;
  #watch: WatchRecord | undefined;
  /** Where the next stream begins; 0n while there was none that was created. */
  #next: bigint;
  /** Events of a response that came in part are not complete. */
  #inFragments = false;
  #asksProgress = true;

  constructor(parts: WatcherParts) {
    this.#parts = parts;
    this.#actor = new Actor(parts.record.name);
    this.#next = parts.request.startRevision;
  }

  start(): void {
    this.#connect();
    this.#askProgress();
  }

  /** Goes on elsewhere; nothing is lost by that. */
  move(): void {
    this.#reconnect();
  }

  /** Progress is asked for no more: what arrives from now on are events. */
  settle(): void {
    this.#asksProgress = false;
  }

  #connect(): void {
    const { connections, chance, fleet, request, record } = this.#parts;
    const machine = chance.pick(fleet.members);
    const start: WatchCreateRequest = { ...request, startRevision: this.#next };
    const watch: WatchRecord = {
      machine: machine.index,
      request: start,
      startRevision: this.#next > 0n ? Number(this.#next) : undefined,
      arrivals: [],
      ended: false,
    };
    this.#watch = watch;
    this.#inFragments = false;
    record.watches.push(watch);
    this.#stream = connections.open(this.#actor, machine, watchService.watch, {
      received: (response) => {
        if (this.#watch === watch) this.#received(watch, response);
      },
      ended: () => {
        if (this.#watch === watch) this.#reconnect();
      },
    });
    this.#stream.send({ requestUnion: { $case: 'createRequest', value: start } });
  }

  #received(watch: WatchRecord, response: WatchResponse): void {
    watch.arrivals.push({ atMs: this.#parts.timeline.nowMs, response });
    const revision = response.header?.revision ?? 0n;
    if (response.canceled) {
      // Compacted: what is lost is lost, and said. It goes on with what there is.
      this.#next = response.compactRevision > 0n ? response.compactRevision : this.#next;
      this.#reconnect();
    } else if (response.created) {
      watch.startRevision ??= Number(revision) + 1;
      if (this.#next === 0n) this.#next = BigInt(watch.startRevision);
    } else {
      this.#bookmark(response, revision);
    }
  }

  #bookmark(response: WatchResponse, revision: bigint): void {
    const last = response.events.at(-1)?.kv?.modRevision;
    this.#inFragments = response.fragment;
    if (this.#inFragments) return;
    if (last !== undefined) this.#next = last + 1n;
    // Everything up to here was delivered.
    else if (revision + 1n > this.#next) this.#next = revision + 1n;
  }

  #reconnect(): void {
    this.#stream?.cancel();
    if (this.#watch !== undefined) this.#watch.ended = true;
    this.#watch = undefined;
    const { sabotage, headerRevision } = this.#parts;
    if (sabotage?.resumesFromHeader === true) this.#next = BigInt(headerRevision() + 1);
    this.#parts.timeline.after(RECONNECT_MS, this.#actor, () => {
      this.#connect();
    });
  }

  #askProgress(): void {
    const { timeline, chance } = this.#parts;
    timeline.after(chance.waitMs(PROGRESS_MS), this.#actor, () => {
      if (!this.#asksProgress) return;
      if (this.#watch !== undefined) {
        this.#stream?.send({ requestUnion: { $case: 'progressRequest', value: {} } });
        if (chance.happens(0.1)) this.move();
      }
      this.#askProgress();
    });
  }
}
