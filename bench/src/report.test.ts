/** Goal: the report says who is better, by how much, and what to doubt. Method: rows with known figures. */
import { expect, test } from 'vitest';
import { missesGoal, tailIsWorse, timesBetter } from './comparison.js';
import type { Comparison } from './comparison.js';
import { figure, jsonReport, markdownReport, markdownTable, withinMarks } from './report.js';

const put: Comparison = {
  section: 'puts',
  name: 'put 1x1',
  unit: 'requests/s',
  better: 'more',
  goal: 2,
  ours: { values: [100, 300, 200], p50Ms: [1, 2, 3], p99Ms: [9, 9, 9] },
  theirs: { values: [125, 125, 125], p50Ms: [4, 4, 4], p99Ms: [8, 8, 8] },
};
const memory: Comparison = {
  section: 'big store',
  name: 'memory',
  unit: 'MiB',
  better: 'less',
  goal: 1,
  ours: { values: [100] },
  theirs: { values: [250] },
};

test('above 1 is ours, whether more or less is better', () => {
  expect(timesBetter(put)).toBe(1.6);
  expect(timesBetter(memory)).toBe(2.5);
});

test('a goal that is not reached and a longer tail are seen', () => {
  expect([missesGoal(put), missesGoal(memory)]).toEqual([true, false]);
  expect([tailIsWorse(put), tailIsWorse(memory)]).toEqual([true, false]);
  expect(missesGoal({ ...memory, ours: { values: [] } })).toBe(true);
});

test('the report marks what is below its goal, longer in its tail, or scattered', () => {
  const text = markdownReport(['2 cores'], [put, memory], ['watch: no clean result']);
  const lines = text.split('\n');
  const cells = (start: string): string[] =>
    (lines.find((l) => l.startsWith(start)) ?? '').split('|').map((cell) => cell.trim());
  expect(lines[0]).toBe('- 2 cores');
  expect(cells('| put 1x1')).toEqual([
    '',
    'put 1x1',
    '200',
    '125',
    '1.60x below',
    '2.00x',
    '2 / 4',
    '9 / 8 *',
    '~100%',
    '',
  ]);
  expect(cells('| memory')).toEqual(['', 'memory, MiB', '100', '250', '2.50x', '1.00x', '0%', '']);
  expect(text).toContain('- watch: no clean result');
});

test('the JSON holds every round', () => {
  const parsed: unknown = JSON.parse(jsonReport([], [put], []));
  expect(parsed).toMatchObject({ rows: [{ ours: { values: [100, 300, 200] }, timesBetter: 1.6 }] });
});

test('figures keep three digits, and thousands are grouped', () => {
  expect([0, 0.012345, 12.345, 999.6, 12345.6, Number.NaN].map(figure)).toEqual([
    '0',
    '0.0123',
    '12.3',
    '1000',
    '12,346',
    '?',
  ]);
});

test('a table lines up', () => {
  expect(markdownTable(['a', 'bb'], [['ccc', '1']])).toBe(
    '| a   |  bb |\n| --- | --: |\n| ccc |   1 |',
  );
});

test('a report replaces what stands between its marks, and nothing else', () => {
  const document =
    'head\n<!-- bench: 1 on each side -->\nold\n<!-- /bench -->\nmiddle\n<!-- bench: 3 on each side -->\nother\n<!-- /bench -->\n';
  const written = withinMarks(document, 'new\n', 1);
  expect(written).toContain(
    'head\n<!-- bench: 1 on each side -->\n\nnew\n\n<!-- /bench -->\nmiddle',
  );
  expect(written).toContain('other');
  expect(written).not.toContain('old');
  expect(withinMarks(written, 'new\n', 1)).toBe(written);
  expect(withinMarks('no marks', 'new\n', 3)).toBe('new\n');
});
