/** The promises of watches (G-8), by name: ordered, unique, atomic, reliable, resumable, bookmarkable, and right in what they show. */
import { Event, type WatchCreateRequest } from '@kv/proto';
import type { History, WatcherRecord, WatchRecord } from '../history.js';
import { promised } from '../violation.js';
import { inRange, keyText } from './key-model.js';
import { text, type LogChecker } from './log-checker.js';

/** An event that a watch owes. */
interface Owed {
  readonly revision: number;
  readonly event: Event;
}

/** `complete`: everything is calm, so watches that still stand have delivered all there is. */
export function checkWatches(history: History, log: LogChecker, complete: boolean): void {
  for (const watcher of history.watchers) {
    for (const watch of watcher.watches) {
      new WatchChecker(watcher.name, watch, log).check(complete && !watch.ended);
    }
    checkResumed(watcher, log);
  }
}

class WatchChecker {
  readonly #name: string;
  readonly #watch: WatchRecord;
  readonly #log: LogChecker;
  readonly #owed: readonly Owed[];
  /** Of `#owed`, what was delivered. */
  #delivered = 0;
  #lastRevision = 0;
  #inFragments = false;
  #cancelled = false;

  constructor(name: string, watch: WatchRecord, log: LogChecker) {
    this.#name = `${name} on m${watch.machine} from ${watch.startRevision ?? 0}`;
    this.#watch = watch;
    this.#log = log;
    this.#owed = owedOf(watch.request, watch.startRevision ?? Infinity, log);
  }

  check(complete: boolean): void {
    for (const { atMs, response } of this.#watch.arrivals) {
      const revision = Number(response.header?.revision ?? 0n);
      if (response.canceled) this.#cancelled = true;
      else if (response.created) continue;
      else if (response.events.length === 0) this.#bookmark(revision);
      else this.#events(response.events, response.fragment, atMs);
    }
    if (!complete || this.#cancelled || this.#watch.startRevision === undefined) return;
    promised(this.#delivered === this.#owed.length, 'watch-reliable', () => {
      const missing = this.#owed[this.#delivered];
      const arrivals = this.#watch.arrivals.length;
      return `${this.#name} never got ${text(missing?.event)} in ${arrivals} responses`;
    });
  }

  /** Everything up to here has been delivered. */
  #bookmark(revision: number): void {
    const next = this.#owed[this.#delivered];
    promised(next === undefined || next.revision > revision, 'watch-bookmarkable', () => {
      return `${this.#name} was told of progress at ${revision} before ${text(next?.event)}`;
    });
  }

  #events(events: readonly Event[], fragment: boolean, atMs: number): void {
    for (const [n, event] of events.entries()) {
      const begins = n === 0 && !this.#inFragments;
      this.#event(event, begins, atMs);
    }
    this.#inFragments = fragment;
    if (fragment) return;
    const next = this.#owed[this.#delivered];
    promised(next === undefined || next.revision > this.#lastRevision, 'watch-atomic', () => {
      return `${this.#name} got revision ${this.#lastRevision} in part: ${text(next?.event)} is not with it`;
    });
  }

  #event(event: Event, begins: boolean, atMs: number): void {
    const revision = Number(event.kv?.modRevision ?? 0n);
    const at = this.#owed.findIndex((owed) => isSame(owed.event, event));
    promised(at >= 0, 'watch-content', () => {
      return `${this.#name} got ${text(event)}, which never happened or is not its own`;
    });
    promised(
      at >= this.#delivered,
      revision < this.#lastRevision ? 'watch-ordered' : 'watch-unique',
      () => {
        return `${this.#name} got ${text(event)} again, or after revision ${this.#lastRevision}`;
      },
    );
    promised(at === this.#delivered, 'watch-reliable', () => {
      return `${this.#name} got ${text(event)} but not ${text(this.#owed[this.#delivered]?.event)}`;
    });
    promised(!begins || revision > this.#lastRevision, 'watch-atomic', () => {
      return `${this.#name} got revision ${revision} in two responses`;
    });
    promised((this.#log.firstMsOf(revision) ?? Infinity) <= atMs, 'watch-content', () => {
      return `${this.#name} got ${text(event)} before anybody had applied it`;
    });
    this.#checkPrevious(event, this.#owed[at]?.event);
    this.#delivered = at + 1;
    this.#lastRevision = revision;
  }

  /** The pair before is there if it was asked for, existed, and was not compacted; and only if it was asked for. */
  #checkPrevious({ kv, prevKv }: Event, expected: Event | undefined): void {
    const wanted = this.#watch.request.prevKv ? expected?.prevKv : undefined;
    const revision = Number(kv?.modRevision ?? 0n);
    const mayBeGone = this.#log.model.compactRevision >= revision;
    const right = text(prevKv) === text(wanted) || (prevKv === undefined && mayBeGone);
    promised(right, 'watch-content', () => {
      return `${this.#name} got as the pair before revision ${revision} ${text(prevKv)}, not ${text(wanted)}`;
    });
  }
}

/** What follows is compared without the pair before, which may be gone. */
function isSame(owed: Event, event: Event): boolean {
  const bare = (one: Event): Uint8Array => Event.encode({ ...one, prevKv: undefined }).finish();
  return (
    owed.kv?.modRevision === event.kv?.modRevision && Buffer.compare(bare(owed), bare(event)) === 0
  );
}

/** What a watch of this kind owes from a revision on, in order. */
function owedOf(request: WatchCreateRequest, from: number, log: LogChecker): readonly Owed[] {
  const [start, end] = [keyText(request.key), keyText(request.rangeEnd)];
  const filtered = new Set<number>(request.filters);
  const owed: Owed[] = [];
  for (let revision = Math.max(2, from); revision <= log.model.revision; revision++) {
    for (const event of log.model.maker(revision)?.events ?? []) {
      const wanted = inRange(keyText(event.kv?.key ?? new Uint8Array(0)), start, end);
      // NOPUT is 0 and PUT is 0; NODELETE is 1 and DELETE is 1.
      if (wanted && !filtered.has(event.type)) owed.push({ revision, event });
    }
  }
  return owed;
}

/**
 * A watcher that goes on elsewhere, from the revision after what it had, gets everything exactly once. Where history was compacted
 * in between it was told, and begins anew.
 */
function checkResumed({ name, watches }: WatcherRecord, log: LogChecker): void {
  let next: number | undefined;
  for (const watch of watches) {
    const { startRevision, request, arrivals } = watch;
    if (startRevision === undefined) continue;
    if (next !== undefined) {
      const skipped = owedOf(request, next, log).find(({ revision }) => revision < startRevision);
      promised(skipped === undefined, 'watch-resumable', () => {
        return `${name} went on at ${startRevision} without ${text(skipped?.event)}`;
      });
    }
    let delivered = startRevision;
    for (const { response } of arrivals) {
      if (response.canceled) delivered = Math.max(delivered, Number(response.compactRevision));
      const last = response.events.at(-1)?.kv?.modRevision;
      const revision = Number(response.header?.revision ?? 0n);
      if (last !== undefined && !response.fragment) delivered = Number(last) + 1;
      else if (last === undefined && !response.created && !response.canceled) {
        delivered = Math.max(delivered, revision + 1);
      }
    }
    next = delivered;
  }
}
