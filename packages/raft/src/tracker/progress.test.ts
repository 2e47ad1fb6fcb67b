/** The progress of one member: its transitions, and the window of messages under way. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantViolation } from '../invariant.js';
import { toIndex } from '../types.js';
import { Inflights } from './inflights.js';
import { Progress } from './progress.js';

const limits = { inflightMessagesMax: 3, inflightBytesMax: Infinity };

function progressAt(match: number, next: number): Progress {
  const at = { match: toIndex(match), next: toIndex(next) };
  return new Progress(at, { learner: false, recentActive: true }, limits);
}

function replicating(match: number): Progress {
  const progress = progressAt(match - 1, match);
  progress.acknowledged(toIndex(match));
  progress.resume(toIndex(match), toIndex(1));
  return progress;
}

describe('Progress', () => {
  it('a probe waits for its answer, and then streams', () => {
    const progress = progressAt(0, 5);
    progress.sentEntries(2, 10, toIndex(0));
    expect(progress.paused).toBe(true);
    expect(progress.acknowledged(toIndex(6))).toBe(true);
    progress.resume(toIndex(6), toIndex(1));
    expect(progress.status()).toMatchObject({
      state: 'replicate',
      match: 6,
      next: 7,
      paused: false,
    });
  });

  it('streaming moves next, and stops when the window is full', () => {
    const progress = replicating(1);
    for (const next of [4, 6, 8]) {
      expect(progress.paused).toBe(false);
      progress.sentEntries(2, 1, toIndex(1));
      expect(progress.next).toBe(next);
    }
    expect([progress.paused, progress.mayCarryEntries]).toEqual([true, false]);
    progress.acknowledged(toIndex(3));
    progress.resume(toIndex(3), toIndex(1));
    expect([progress.paused, progress.mayCarryEntries]).toEqual([false, true]);
  });

  it('an acknowledgement of what is known is no news, but to a probe', () => {
    expect(replicating(4).acknowledged(toIndex(4))).toBe(false);
    expect(replicating(4).acknowledged(toIndex(2))).toBe(false);
    expect(progressAt(4, 5).acknowledged(toIndex(4))).toBe(true);
  });

  it.each([
    // Streaming: stale below match; otherwise back to probing behind match.
    ['replicate', 3, 9, false, 10],
    ['replicate', 5, 9, false, 10],
    ['replicate', 8, 2, true, 6],
    // Probing: only an answer to the last probe counts.
    ['probe', 7, 2, false, 10],
    ['probe', 9, 7, true, 8],
    ['probe', 9, 20, true, 9],
    ['probe', 9, 1, true, 6],
  ] as const)(
    'in %s, a refusal at %i with hint %i: genuine %s, next %i',
    (state, index, hint, genuine, next) => {
      const progress = state === 'probe' ? progressAt(5, 10) : replicating(5);
      if (state === 'replicate') progress.sentEntries(4, 1, toIndex(1));
      expect(progress.next).toBe(10);
      expect(progress.rejected(toIndex(index), toIndex(hint))).toBe(genuine);
      expect(progress.status()).toMatchObject({ state: genuine ? 'probe' : state, next });
    },
  );

  it('a snapshot under way stops everything until it is answered or reported', () => {
    const progress = progressAt(0, 1);
    progress.sentSnapshot(toIndex(10));
    expect(progress.status()).toMatchObject({
      state: 'snapshot',
      pendingSnapshot: 10,
      next: 11,
      paused: true,
    });
    progress.heartbeatAnswered();
    expect(progress.paused).toBe(true);
    expect(() => {
      progress.sentEntries(1, 1, toIndex(1));
    }).toThrow(InvariantViolation);
  });

  it('any snapshot is good from which the log goes on', () => {
    const progress = progressAt(0, 1);
    progress.sentSnapshot(toIndex(10));
    progress.acknowledged(toIndex(5));
    progress.resume(toIndex(5), toIndex(8));
    expect(progress.state).toBe('snapshot');
    progress.acknowledged(toIndex(7));
    progress.resume(toIndex(7), toIndex(8));
    expect(progress.status()).toMatchObject({ state: 'replicate', match: 7, next: 8 });
  });

  it('a commit index is worth sending while it can move the member', () => {
    const progress = replicating(4);
    expect(progress.canBumpCommit(toIndex(3))).toBe(true);
    progress.sentEntries(0, 0, toIndex(3));
    expect(progress.canBumpCommit(toIndex(3))).toBe(false);
    expect(progress.canBumpCommit(toIndex(9))).toBe(true);
    progress.sentCommit(toIndex(9));
    expect(progress.canBumpCommit(toIndex(10))).toBe(false);
  });
});

describe('Inflights', () => {
  it('behave like a list of what is under way', () => {
    const step = fc.oneof(
      fc.record({ type: fc.constant('add' as const), bytes: fc.nat(5) }),
      fc.record({ type: fc.constant('free' as const), upTo: fc.nat(40) }),
      fc.record({ type: fc.constant('clear' as const) }),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 20 }),
        fc.array(step, { maxLength: 60 }),
        (messagesMax, bytesMax, steps) => {
          const inflights = new Inflights(messagesMax, bytesMax);
          let model: { index: number; bytes: number }[] = [];
          let last = 0;
          for (const one of steps) {
            if (one.type === 'clear') {
              inflights.clear();
              model = [];
            } else if (one.type === 'free') {
              inflights.freeUpTo(toIndex(one.upTo));
              model = model.filter(({ index }) => index > one.upTo);
            } else if (!inflights.full) {
              inflights.add(toIndex((last += 1)), one.bytes);
              model.push({ index: last, bytes: one.bytes });
            }
            const bytes = model.reduce((sum, message) => sum + message.bytes, 0);
            expect(inflights.count).toBe(model.length);
            expect(inflights.full).toBe(model.length >= messagesMax || bytes >= bytesMax);
          }
        },
      ),
    );
  });

  it('does not take more than it may', () => {
    const inflights = new Inflights(1, Infinity);
    inflights.add(toIndex(1), 1);
    expect(() => {
      inflights.add(toIndex(2), 1);
    }).toThrow(InvariantViolation);
  });
});
