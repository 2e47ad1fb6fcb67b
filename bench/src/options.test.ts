/** Goal: the command line means what its usage says, and mistakes are all named. Method: examples. */
import { expect, test } from 'vitest';
import { isChosen, parseOptions } from './options.js';
import { allShapes, clusterShapes } from './shape.js';

test('without words everything is measured', () => {
  expect(parseOptions([])).toEqual({
    options: {
      only: [],
      shapes: allShapes,
      rounds: 3,
      seconds: 1.5,
      keys: 1_000_000,
      members: 1,
      markdownFile: undefined,
      jsonFile: undefined,
      firstPort: 21_700,
    },
  });
});

test('three members have shapes of their own, unless they are given', () => {
  expect(parseOptions(['--members', '3'])).toMatchObject({ options: { shapes: clusterShapes } });
  expect(parseOptions(['--members=3', '--shapes=2x3'])).toMatchObject({
    options: { members: 3, shapes: [{ connections: 2, streams: 3 }] },
  });
});

test('every problem is named at once', () => {
  const result = parseOptions(['--rounds', '0', '--shapes', '1x1,7', '--members', '2']);
  expect(result).toEqual({
    problems: [
      '--members is 2, not 1 or 3',
      '--shapes: 7 is not like 10x100',
      '--rounds is 0, not a whole number from 1 to 1000',
    ],
  });
  expect(parseOptions(['--round', '1'])).toHaveProperty('problems');
});

test('--only names suites, or parts of names of workloads', () => {
  expect(isChosen({ only: [] }, 'tool', 'stm')).toBe(true);
  expect(isChosen({ only: ['tool'] }, 'tool', 'stm')).toBe(true);
  expect(isChosen({ only: ['tool'] }, 'shapes', 'put 1x1')).toBe(false);
  expect(isChosen({ only: ['10x10'] }, 'shapes', 'put 10x100')).toBe(true);
  expect(isChosen({ only: ['put'] }, 'store')).toBe(false);
  expect(isChosen({ only: ['store'] }, 'store')).toBe(true);
});
