/**
 * Goal: the net catches fish (reliability.md §2.7). Method: each planted defect is put in, and must be found within the number of
 * seeds that is stated for it, by one of the checks that are named for it; without it the same seeds find nothing.
 */
import { expect, it } from 'vitest';
import { defects, simulate } from './index.js';

it.each(defects)(
  'planted bug $row, $name, is caught within $seedsMax seeds',
  async (defect) => {
    for (let seed = 1; seed <= defect.seedsMax; seed++) {
      const { violation } = await simulate(seed, { defect });
      if (violation === undefined) continue;
      expect(defect.caughtBy, violation.message).toContain(violation.check);
      const clean = await simulate(seed, { overrides: defect.overrides });
      expect(clean.violation, `seed ${seed} without the defect`).toBeUndefined();
      return;
    }
    expect.fail(`${defect.name} was not found in ${defect.seedsMax} seeds`);
  },
  120_000,
);
