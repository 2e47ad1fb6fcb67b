/** The hash of this member's store at a revision, computed in steps between which requests are served. */
import type { MvccStore } from '@kv/mvcc';
import type { Clock } from '../clock.js';
import { errorOf } from '../errors.js';

/** What members compare. Two are comparable only if `compactRevision` and `hashRevision` are equal. */
export interface StoreHash {
  /** CRC-32C, unsigned. */
  readonly hash: number;
  /** -1: never compacted. */
  readonly compactRevision: number;
  readonly hashRevision: number;
  /** Of the store, when the hash was done. */
  readonly revision: number;
}

/** Why there is none: the revision is compacted, or was not reached. */
export type HashProblem = 'compacted' | 'future';

export interface StoreHasher {
  /** At the newest revision when `revision` is 0. Rejects when the store can not be read, or was replaced. */
  hashAt(revision: number): Promise<StoreHash | HashProblem>;
}

export function storeHasher(
  store: Pick<MvccStore, 'hashKv' | 'revision'>,
  clock: Pick<Clock, 'soon'>,
  signal: AbortSignal,
): StoreHasher {
  return {
    hashAt: (revision) =>
      new Promise((resolve, reject) => {
        const task = revision === 0 ? store.hashKv() : store.hashKv(revision);
        if ('type' in task) {
          resolve(task.type);
          return;
        }
        const step = (): void => {
          try {
            signal.throwIfAborted();
            const result = task.step();
            if (result === undefined) clock.soon(step);
            else resolve({ ...result, revision: store.revision });
          } catch (error) {
            task.close();
            reject(errorOf(error));
          }
        };
        step();
      }),
  };
}

/** In the words of etcd's log lines. */
export function describeHash({
  hash,
  hashRevision,
  compactRevision,
}: Omit<StoreHash, 'revision'>): {
  readonly 'local-member-revision': number;
  readonly 'local-member-compact-revision': number;
  readonly 'local-member-hash': number;
} {
  return {
    'local-member-revision': hashRevision,
    'local-member-compact-revision': compactRevision,
    'local-member-hash': hash,
  };
}
