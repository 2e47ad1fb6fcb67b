/**
 * Which entry of the log belongs to which call: every change was asked for, before it was made, and was made once for each time that
 * it was asked for; what was definitely refused was not made at all (G-5, G-18).
 */
import {
  CompactionRequest,
  DeleteRangeRequest,
  LeaseGrantRequest,
  PutRequest,
  TxnRequest,
} from '@kv/proto';
import type { InternalRaftRequest } from '@kv/proto/internal';
import type { Operation } from '../history.js';
import { promised } from '../violation.js';
import { text, type LogChecker, type LogEntry } from './log-checker.js';
import type { ModelAnswer } from './store-model.js';

interface Encoder<T> {
  encode(message: T): { finish(): Uint8Array };
}

/** Same kind and same bytes: the same request. */
function contentOf<T>(kind: string, codec: Encoder<T>, request: T): string {
  return `${kind}:${Buffer.from(codec.encode(request).finish()).toString('latin1')}`;
}

/** Undefined for what members ask of themselves. */
function contentOfEntry(request: InternalRaftRequest): string | undefined {
  const { put, deleteRange, txn, compaction, leaseGrant } = request;
  if (put !== undefined) return contentOf('put', PutRequest, put);
  if (deleteRange !== undefined) return contentOf('delete', DeleteRangeRequest, deleteRange);
  if (txn !== undefined) return contentOf('txn', TxnRequest, txn);
  if (compaction !== undefined) return contentOf('compact', CompactionRequest, compaction);
  if (leaseGrant !== undefined) return contentOf('grant', LeaseGrantRequest, leaseGrant);
  return undefined;
}

function contentOfOperation(operation: Operation): string | undefined {
  switch (operation.kind) {
    case 'put':
      return contentOf('put', PutRequest, operation.request);
    case 'deleteRange':
      return contentOf('delete', DeleteRangeRequest, operation.request);
    case 'txn':
      return contentOf('txn', TxnRequest, operation.request);
    case 'compact':
      return contentOf('compact', CompactionRequest, operation.request);
    case 'leaseGrant':
      return contentOf('grant', LeaseGrantRequest, operation.request);
    case 'leaseRevoke':
    case 'leaseKeepAlive':
    case 'range':
      return undefined;
  }
}

export class Placement {
  readonly #log: LogChecker;
  readonly #operations: readonly Operation[];
  /** Entries that took effect, by what they hold. */
  readonly #entries = new Map<string, LogEntry[]>();
  readonly #claimed = new Set<number>();
  readonly #compactions: { readonly revision: number; readonly firstMs: number }[] = [];
  readonly #revoked = new Map<bigint, number>();

  constructor(log: LogChecker, operations: readonly Operation[]) {
    this.#log = log;
    this.#operations = operations;
    for (const logged of log.entries) this.#add(logged);
  }

  /** The answer of the entry that made this revision, if it is this request's and nobody else's. */
  claim<T>(
    kind: string,
    codec: Encoder<T>,
    operation: { readonly request: T },
    revision: number,
    suits: (answer: ModelAnswer) => boolean = () => true,
  ): ModelAnswer | undefined {
    const step = this.#log.model.maker(revision);
    if (step === undefined || this.#claimed.has(step.index)) return undefined;
    const content = contentOfEntry(step.request);
    if (content !== contentOf(kind, codec, operation.request) || !suits(step.answer)) {
      return undefined;
    }
    this.#claimed.add(step.index);
    return step.answer;
  }

  compactedBy(revision: number, atMs: number): boolean {
    return this.#compactions.some((one) => one.revision > revision && one.firstMs <= atMs);
  }

  /** What was acknowledged is in the log, applied before the answer arrived. */
  checkLogged(operation: Operation): void {
    const returnedMs = operation.returnedMs ?? 0;
    const found =
      operation.kind === 'leaseRevoke'
        ? (this.#revoked.get(operation.request.ID) ?? Infinity) <= returnedMs
        : this.#entriesOf(operation).some(({ firstMs }) => firstMs <= returnedMs);
    promised(found, 'durability', () => {
      return `${operation.kind} ${text(operation.request)} was acknowledged and is not in the log`;
    });
  }

  /** Once for each time that it was asked for, and not before. */
  checkOutcomes(): void {
    const asked = new Map<string, { count: number; firstMs: number; refused: number }>();
    for (const operation of this.#operations) {
      const content = contentOfOperation(operation);
      if (content === undefined) continue;
      const one = asked.get(content) ?? { count: 0, firstMs: operation.invokedMs, refused: 0 };
      one.count += 1;
      if (operation.outcome?.type === 'error' && operation.outcome.definite) one.refused += 1;
      asked.set(content, one);
    }
    for (const [content, entries] of this.#entries) {
      const one = asked.get(content) ?? { count: 0, firstMs: Infinity, refused: 0 };
      const [first] = entries;
      promised(one.firstMs <= (first?.firstMs ?? 0), 'exactly-once', () => {
        return `nobody had asked for what entry ${first?.entry.index ?? 0} holds: ${show(first)}`;
      });
      promised(entries.length <= one.count, 'exactly-once', () => {
        return `${show(first)} was asked for ${one.count} times and done ${entries.length} times`;
      });
      promised(entries.length <= one.count - one.refused, 'definite-error', () => {
        return `${show(first)} was refused ${one.refused} of ${one.count} times and done all the same`;
      });
    }
  }

  #add(logged: LogEntry): void {
    const { step, firstMs } = logged;
    if (step === undefined || step.answer.type === 'refused') return;
    const { compaction, leaseRevoke } = step.request;
    if (compaction !== undefined) {
      this.#compactions.push({ revision: Number(compaction.revision), firstMs });
    }
    if (leaseRevoke !== undefined) this.#revoked.set(leaseRevoke.ID, firstMs);
    const content = contentOfEntry(step.request);
    if (content === undefined) return;
    const entries = this.#entries.get(content) ?? [];
    entries.push(logged);
    this.#entries.set(content, entries);
  }

  #entriesOf(operation: Operation): readonly LogEntry[] {
    return this.#entries.get(contentOfOperation(operation) ?? '') ?? [];
  }
}

function show(logged: LogEntry | undefined): string {
  const { header: _, ...request } = logged?.step?.request ?? { header: undefined };
  return text(Object.fromEntries(Object.entries(request).filter(([, v]) => v !== undefined)));
}
