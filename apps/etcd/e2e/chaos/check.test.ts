/** The judge itself: a history that keeps all promises passes, and each broken promise is named. */
import { describe, expect, test } from 'vitest';
import { violationsOf } from './check.js';
import { History, type Operation, type Request, type Result, type SeenEvent } from './history.js';
import { Truth } from './truth.js';

const state = (value: string, modRevision: number, createRevision = 2, version = 1) => ({
  ...{ value, modRevision, createRevision, version },
});
const put = (key: string, is: ReturnType<typeof state>): SeenEvent => ({
  ...{ type: 'put', key, revision: is.modRevision, state: is, atMs: is.modRevision * 10 },
});
const deleted = (key: string, revision: number, atMs = revision * 10): SeenEvent => ({
  ...{ type: 'delete', key, revision, state: undefined, atMs },
});

/** Revisions 2 to 4: `a` is put, put again, deleted. */
const events: readonly SeenEvent[] = [
  put('a', state('v1', 2)),
  put('a', state('v2', 3, 2, 2)),
  deleted('a', 4),
];

/** Asked at ten times `at`, answered five milliseconds later. */
function operation(at: number, request: Request, result: Result): Operation {
  const times = { invokedMs: at * 10, returnedMs: at * 10 + 5 };
  return { client: 'c', endpoint: 'e', request, result, ...times };
}
const written = (at: number, key: string, value: string, revision: number): Operation =>
  operation(at, { kind: 'put', key, value }, { type: 'written', revision });
const read = (
  at: number,
  revision: number,
  is: ReturnType<typeof state> | undefined,
  serializable = false,
): Operation =>
  operation(at, { kind: 'read', key: 'a', serializable }, { type: 'read', revision, state: is });

const kept: readonly Operation[] = [
  written(2, 'a', 'v1', 2),
  read(2.6, 2, state('v1', 2)),
  written(3, 'a', 'v2', 3),
  operation(4, { kind: 'delete', key: 'a' }, { type: 'deleted', revision: 4, count: 1 }),
  read(5, 4, undefined),
  read(6, 2, state('v1', 2), true),
];

function judge(
  operations: readonly Operation[],
  seen: readonly SeenEvent[] = events,
  prepare: (history: History) => void = () => undefined,
): readonly string[] {
  const history = new History();
  history.operations.push(...operations);
  history.watchers.set('w', [...seen]);
  prepare(history);
  return violationsOf(history, new Truth(events));
}

describe('what is promised', () => {
  test('is kept', () => {
    expect(judge(kept)).toEqual([]);
  });

  const swap = (modRevision: number): Request => ({
    ...{ kind: 'compareAndSwap', key: 'a', value: 'v2', modRevision },
  });
  const rest = kept.filter(({ request }) => !('value' in request && request.value === 'v2'));

  test.each<[string, readonly Operation[]]>([
    ['G-1: a read of the past', [...kept, read(7, 2, state('v1', 2))]],
    ['G-1: a read of what was not there', [...kept, read(7, 4, state('v2', 3, 2, 2))]],
    ['G-2: a write that is lost', [...kept, written(7, 'b', 'v9', 5)]],
    ['G-3: a write that nobody asked for', rest],
    [
      'G-5: a swap whose condition did not hold',
      [...rest, operation(3, swap(0), { type: 'written', revision: 3 })],
    ],
    [
      'G-5: no swap although its condition held',
      [
        ...kept,
        operation(3.4, { ...swap(3), value: 'v8' } as Request, { type: 'notSwapped', revision: 3 }),
      ],
    ],
    [
      'G-6: a serializable read of what never was',
      [...kept, read(7, 2, state('v2', 3, 2, 2), true)],
    ],
    [
      'G-18: a refused write that took effect',
      [...rest, operation(3, { kind: 'put', key: 'a', value: 'v2' }, { type: 'refused', why: '' })],
    ],
    [
      'G-1: a write of unknown outcome before it was asked for',
      [...rest, operation(5, { kind: 'put', key: 'a', value: 'v2' }, { type: 'unknown', why: '' })],
    ],
  ])('%s', (promise, operations) => {
    const [first = ''] = judge(operations);
    expect(first.split(':')[0]).toBe(promise.split(':')[0]);
  });

  test.each<[string, readonly SeenEvent[]]>([
    ['an event is missing', events.toSpliced(1, 1)],
    ['an event comes twice', events.toSpliced(1, 0, ...events.slice(0, 1))],
    ['events change places', [...events.slice(1), ...events.slice(0, 1)]],
    ['the last events never come', events.slice(0, 2)],
  ])('G-8: %s', (_, seen) => {
    expect(judge(kept, seen)).toEqual([expect.stringMatching(/^G-8: w saw/)]);
  });

  test('G-9: a lease that expires early', () => {
    const lease = { key: 'a', ttlMs: 1_000, renewedMs: 20 };
    const violations = judge(kept, events, ({ leases }) => leases.push(lease));
    expect(violations).toEqual([expect.stringMatching(/^G-9: w saw a expire 20 ms after/)]);
  });
});

test.each<[string, readonly SeenEvent[]]>([
  ['a revision is missing', events.toSpliced(1, 1)],
  ['a version is skipped', [put('a', state('v1', 2)), put('a', state('v2', 3, 2, 3))]],
  ['a deleted key lives on', [...events, put('a', state('v3', 5, 2, 3))]],
  ['something is deleted that is not there', [deleted('b', 2)]],
])('G-4: %s', (_, history) => {
  expect(() => new Truth(history)).toThrow(/^G-4/);
});

test('G-18: a value that was written twice', () => {
  const twice = [put('a', state('v1', 2)), put('a', state('v1', 3, 2, 2))];
  expect(() => new Truth(twice)).toThrow(/^G-18/);
});
