/** Arithmetic on revisions, in the one place that may cast. */
import type { Revision } from '@kv/mvcc/model';
import { invariant } from './invariant.js';

/** The revision `count` after this one. */
export function afterRevision(revision: Revision, count = 1): Revision {
  const next = revision + count;
  invariant(Number.isSafeInteger(next), 'revisions stay below 2^53', { revision, count });
  return next as Revision;
}
