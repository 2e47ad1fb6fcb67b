/**
 * Follows what all members apply, as they do: the same entry at the same index on every member, for ever (log matching), and for each
 * entry exactly the change of keys that the naive store makes of it (state machine). Whoever differs is found at once.
 */
import { KeyValue } from '@kv/proto';
import { InternalRaftRequest } from '@kv/proto/internal';
import type { RequestResult } from '@kv/mvcc';
import type { Entry } from '@kv/raft';
import { promised } from '../violation.js';
import { MembershipModel } from './membership-model.js';
import { StoreModel, type ModelStep } from './store-model.js';

export interface LogEntry {
  readonly entry: Entry;
  /** When the first member applied it. */
  readonly firstMs: number;
  /** Undefined for entries of Raft and of the configuration. */
  readonly step: ModelStep | undefined;
}

export class LogChecker {
  readonly model: StoreModel = new StoreModel();
  readonly membership: MembershipModel = new MembershipModel();
  /** At `index - 1`. */
  readonly #log: LogEntry[] = [];
  readonly #firstMsOfRevision = new Map<number, number>();

  get entries(): readonly LogEntry[] {
    return this.#log;
  }

  /** When a revision first existed anywhere; undefined if it never did. */
  firstMsOf(revision: number): number | undefined {
    return revision === 1 ? 0 : this.#firstMsOfRevision.get(revision);
  }

  /** Terms that had a leader. */
  get leaderTerms(): number {
    return this.#log.filter(({ entry }) => entry.type === 'normal' && entry.data.length === 0)
      .length;
  }

  /** A process applied these; `after` is the revision that it is at now, as far as it is known. */
  applied(
    who: string,
    entries: readonly Entry[],
    changes: readonly RequestResult[],
    nowMs: number,
  ): void {
    for (const entry of entries) this.#see(who, entry, nowMs);
    for (const change of changes) this.#compare(who, change);
    this.#countChanges(who, entries, changes);
  }

  #see(who: string, entry: Entry, nowMs: number): void {
    const known = this.#log[entry.index - 1];
    if (known !== undefined) {
      const { term, type, data } = known.entry;
      const same = term === entry.term && type === entry.type && sameBytes(data, entry.data);
      promised(same, 'log-matching', () => {
        const other = `term ${term}, ${data.length} bytes`;
        return `${who} applies entry ${entry.index} of term ${entry.term}, others applied ${other}`;
      });
      return;
    }
    promised(entry.index === this.#log.length + 1, 'log-matching', () => {
      return `${who} applies entry ${entry.index}, but nobody applied ${this.#log.length + 1}`;
    });
    const isRequest = entry.type === 'normal' && entry.data.length > 0;
    const step = isRequest
      ? this.model.apply(entry.index, InternalRaftRequest.decode(entry.data))
      : undefined;
    // The bytes belong to the member.
    this.#log.push({ entry: { ...entry, data: entry.data.slice() }, firstMs: nowMs, step });
    if (entry.type !== 'normal') this.membership.apply(entry);
    else if (step !== undefined) this.membership.request(step.request);
    if (step !== undefined && step.events.length > 0) {
      this.#firstMsOfRevision.set(step.revision, nowMs);
    }
  }

  #compare(who: string, { revision, events }: RequestResult): void {
    const expected = this.model.maker(revision)?.events ?? [];
    promised(events.length === expected.length, 'state-machine', () => {
      return `${who} makes ${events.length} events of revision ${revision}, not ${expected.length}`;
    });
    for (const [n, event] of events.entries()) {
      const model = expected[n];
      const kv = model?.kv === undefined ? new Uint8Array(0) : KeyValue.encode(model.kv).finish();
      const same =
        sameBytes(event.kv.encoded, kv) && (event.type === 'put') === (model?.type === 0);
      promised(same, 'state-machine', () => {
        const seen = text(KeyValue.decode(event.kv.encoded));
        return `${who} makes of revision ${revision}: ${event.type} ${seen}, not ${text(model?.kv)}`;
      });
    }
  }

  /** Nothing that an entry changes is left out: every revision of the batch was reported, up to its last entry. */
  #countChanges(who: string, entries: readonly Entry[], changes: readonly RequestResult[]): void {
    const last = changes.at(-1);
    const newest = entries.findLast(({ index }) => this.#log[index - 1]?.step !== undefined);
    if (newest === undefined || last === undefined) return;
    const revision = this.#log[newest.index - 1]?.step?.revision;
    promised(last.revision === revision, 'state-machine', () => {
      return `${who} is at revision ${last.revision} after entry ${newest.index}, not ${revision ?? 0}`;
    });
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** A message as one line: bytes as latin1 text, 64-bit numbers in full. */
export function text(message: unknown): string {
  if (message instanceof Uint8Array) return JSON.stringify(Buffer.from(message).toString('latin1'));
  if (Array.isArray(message)) return `[${message.map(text).join(', ')}]`;
  if (typeof message !== 'object' || message === null) return String(message);
  const fields = Object.entries(message).filter(([, value]) => !isUnset(value));
  return `{${fields.map(([name, value]) => `${name}: ${text(value)}`).join(', ')}}`;
}

/** As a protobuf leaves it out. */
function isUnset(value: unknown): boolean {
  if (value instanceof Uint8Array || Array.isArray(value)) return value.length === 0;
  return value === undefined || value === 0n || value === 0 || value === false || value === '';
}
