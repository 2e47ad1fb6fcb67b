/** A store of arrays: the whole past, its compaction, and the port through which watchers read it. */
import type { Key, Revision, StoreEvent, StoredKeyValue } from '@kv/mvcc/model';
import type { HistoryBatch, HistoryReader, HistoryRequest } from '../src/history-reader.js';
import { intervalOf } from '../src/interval.js';

export const key = (text: string): Key => text as Key;
export const rev = (value: number): Revision => value as Revision;

export interface Change {
  readonly type: 'put' | 'delete';
  readonly key: string;
}

export class TestStore implements HistoryReader {
  revision: Revision = rev(1);
  compactRevision: Revision = rev(0);
  /** Events by revision; never forgotten here, so that tests can look up what was compacted. */
  readonly ledger: (readonly StoreEvent[])[] = [];
  /** What watchers asked of the past. */
  reads: HistoryRequest[] = [];
  /** Makes the next read fail. */
  failure: Error | undefined;
  readonly #versions = new Map<string, StoreEvent[]>();
  readonly #valueBytes: number;

  constructor(valueBytes = 8) {
    this.#valueBytes = valueBytes;
  }

  /** One request. Returns its events; none if it changed nothing, and then there is no new revision. */
  write(...changes: readonly Change[]): readonly StoreEvent[] {
    const revision = rev(this.revision + 1);
    const events: StoreEvent[] = [];
    for (const change of changes) {
      const event = this.#apply(change, revision);
      if (event !== undefined) events.push(event);
    }
    if (events.length === 0) return events;
    this.revision = revision;
    this.ledger[revision] = Object.freeze(events);
    return events;
  }

  compact(revision: number): void {
    this.compactRevision = rev(Math.max(this.compactRevision, revision));
  }

  read(request: HistoryRequest): HistoryBatch {
    this.reads.push(request);
    const failure = this.failure;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
    if (request.from < this.compactRevision) throw new Error('read below the compact revision');
    if (request.to > this.revision) throw new Error('read above the revision');
    const { start, end } = intervalOf(request.range);
    const events: StoreEvent[] = [];
    let revisions = 0;
    let bytes = 0;
    let next = request.from as number;
    for (; next <= request.to; next++) {
      const some = (this.ledger[next] ?? []).filter(
        ({ kv }) => kv.key >= start && (end === undefined || kv.key < end),
      );
      const more = some.reduce((sum, event) => sum + event.kv.encoded.length, 0);
      const isOver = revisions === request.revisionsMax || bytes + more > request.bytesMax;
      if (events.length > 0 && some.length > 0 && isOver) break;
      events.push(...some);
      if (some.length > 0) revisions++;
      bytes += more;
    }
    return { events: Object.freeze(events), nextRevision: rev(next) };
  }

  previous(event: StoreEvent): StoredKeyValue | undefined {
    return event.kv.modRevision - 1 < this.compactRevision ? undefined : this.before(event);
  }

  /** As `previous`, whatever was compacted. */
  before(event: StoreEvent): StoredKeyValue | undefined {
    const { key: name, modRevision } = event.kv;
    const older = this.#versions.get(name)?.filter(({ kv }) => kv.modRevision < modRevision);
    const last = older?.at(-1);
    return last?.type === 'put' ? last.kv : undefined;
  }

  #apply(change: Change, revision: Revision): StoreEvent | undefined {
    const versions = this.#versions.get(change.key) ?? [];
    this.#versions.set(change.key, versions);
    const last = versions.at(-1);
    const before = last?.type === 'put' ? last.kv : undefined;
    if (change.type === 'delete' && before === undefined) return undefined;
    if (last?.kv.modRevision === revision) return undefined;
    const isCreate = change.type === 'put' && before === undefined;
    const text = `${change.type} ${change.key} ${revision} `;
    const kv: StoredKeyValue = Object.freeze({
      key: key(change.key),
      createRevision: before?.createRevision ?? revision,
      modRevision: revision,
      version: change.type === 'delete' ? 0 : (before?.version ?? 0) + 1,
      lease: 0n as StoredKeyValue['lease'],
      encoded: Buffer.from(text.padEnd(this.#valueBytes, '.')),
    });
    const event: StoreEvent = Object.freeze({ type: change.type, kv, isCreate });
    versions.push(event);
    return event;
  }
}
