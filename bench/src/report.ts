/** Comparisons as text: Markdown tables for people, JSON for programs. */
import { missesGoal, spreadMax, spreadOf, tailIsWorse, timesBetter } from './comparison.js';
import type { Comparison, Series } from './comparison.js';
import { median } from './statistics.js';

/** Three significant digits below a thousand, whole and grouped numbers from there. */
export function figure(value: number): string {
  if (Number.isNaN(value)) return '?';
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  return value === 0 ? '0' : Number(value.toPrecision(3)).toString();
}

const times = (value: number): string =>
  Number.isNaN(value) ? '?' : `${value >= 100 ? figure(value) : value.toFixed(2)}x`;

const both = (ours: Series, theirs: Series, key: 'p50Ms' | 'p99Ms'): string => {
  const [mine, other] = [ours[key], theirs[key]];
  if (mine === undefined || other === undefined) return '';
  return `${figure(median(mine))} / ${figure(median(other))}`;
};

/** `below` after a ratio: under its goal. `*` after a tail: ours is the longer. `~`: the rounds lie far apart. */
function cellsOf(row: Comparison, latencies: boolean): string[] {
  const { name, unit, ours, theirs, goal } = row;
  const cells = [
    unit === 'requests/s' ? name : `${name}, ${unit}`,
    figure(median(ours.values)),
    figure(median(theirs.values)),
    `${times(timesBetter(row))}${missesGoal(row) ? ' below' : ''}`,
    goal === undefined ? '' : times(goal),
  ];
  if (latencies) {
    cells.push(both(ours, theirs, 'p50Ms'));
    cells.push(`${both(ours, theirs, 'p99Ms')}${tailIsWorse(row) ? ' *' : ''}`);
  }
  const apart = spreadOf(row);
  cells.push(`${apart > spreadMax ? '~' : ''}${(apart * 100).toFixed(0)}%`);
  return cells;
}

/** Renders rows as a Markdown table whose columns line up, the first to the left and the others to the right. */
export function markdownTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const widths = header.map((h, i) =>
    Math.max(3, h.length, ...rows.map((r) => (r[i] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, i) => (i === 0 ? (cells[i] ?? '').padEnd(width) : (cells[i] ?? '').padStart(width))).join(' | ')} |`;
  const rule = `| ${widths.map((w, i) => (i === 0 ? '-'.repeat(w) : `${'-'.repeat(w - 1)}:`)).join(' | ')} |`;
  return [line(header), rule, ...rows.map(line)].join('\n');
}

function sectionText(title: string, rows: readonly Comparison[]): string {
  const latencies = rows.some((row) => row.ours.p99Ms !== undefined);
  const header = [
    'workload',
    'ours',
    'etcd 3.7.1',
    'ours is better',
    'goal',
    ...(latencies ? ['p50 ms (ours / etcd)', 'p99 ms (ours / etcd)'] : []),
    'spread',
  ];
  const table = markdownTable(
    header,
    rows.map((row) => cellsOf(row, latencies)),
  );
  return `### ${title}\n\n${table}`;
}

const legend =
  'Medians of the rounds. `below`: under the goal. `*`: our p99 is the longer one. `~`: the rounds lie more than ' +
  `${String(spreadMax * 100)} % of their median apart (larger of both sides).`;

/** What it ran on, a table for each section in order of appearance, and what went wrong. */
export function markdownReport(
  conditions: readonly string[],
  rows: readonly Comparison[],
  problems: readonly string[],
): string {
  const sections = [...new Set(rows.map((row) => row.section))];
  const parts = [
    conditions.map((line) => `- ${line}`).join('\n'),
    ...sections.map((section) =>
      sectionText(
        section,
        rows.filter((row) => row.section === section),
      ),
    ),
    legend,
  ];
  if (problems.length > 0) {
    parts.push(`No result:\n\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
  }
  return `${parts.join('\n\n')}\n`;
}

/** The same with every round, so that other programs can compare runs. */
export function jsonReport(
  conditions: readonly string[],
  rows: readonly Comparison[],
  problems: readonly string[],
): string {
  const withRatios = rows.map((row) => ({
    ...row,
    timesBetter: timesBetter(row),
    spread: spreadOf(row),
  }));
  return `${JSON.stringify({ conditions, rows: withRatios, problems }, null, 2)}\n`;
}

const openMark = (members: number): string => `<!-- bench: ${String(members)} on each side -->`;
const closeMark = '<!-- /bench -->';

/** Puts the report between the marks of a document that has them, so that the words around it stay; else it is the whole document. */
export function withinMarks(document: string, report: string, members: number): string {
  const start = document.indexOf(openMark(members));
  const end = document.indexOf(closeMark, start);
  if (start < 0 || end < 0) return report;
  const before = document.slice(0, start + openMark(members).length);
  return `${before}\n\n${report.trim()}\n\n${document.slice(end)}`;
}
