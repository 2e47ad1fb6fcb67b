/**
 * Goal: clients see no difference between our daemon and etcd 3.7.1. Method: the same scripts against a fresh member of each; every
 * field of every answer must be equal, except sizes and terms, and except what `expected-differences.ts` lists with its reason.
 * `CONFORMANCE_SEEDS=100` runs more random histories.
 */
import { describe, expect, test } from 'vitest';
import { findDifferences } from './expected-differences.js';
import { scripts } from './scripts/all.js';
import { membershipScripts } from './scripts/membership.js';
import { Place, reference, transcriptOfDaemon } from './transcript-of.js';

if (reference === undefined) {
  process.stdout.write('conformance skipped: no etcd in the folder that REF names\n');
}

const place = new Place(21450);

describe.skipIf(reference === undefined)('our daemon answers as etcd 3.7.1', () => {
  test.each([...scripts, ...membershipScripts].map((script) => [script.name, script] as const))(
    '%s',
    { timeout: 120_000 },
    async (name, script) => {
      // One after the other, on the same addresses.
      const theirs = await transcriptOfDaemon(script, place, reference);
      const ours = await transcriptOfDaemon(script, place);
      expect(findDifferences(name, theirs, ours).slice(0, 10)).toEqual([]);
      expect(ours).toHaveLength(theirs.length);
    },
  );
});
