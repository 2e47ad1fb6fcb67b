/** What the reference's benchmark tool prints, read into numbers. */

export interface Figures {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Requests that were answered, as the histogram counts them. */
  readonly answered: number;
}

/** Reads the last summary of the tool's output; undefined when there is none or it reports errors. */
export function parseReport(output: string): Figures | undefined {
  const summary = output.slice(output.lastIndexOf('Summary:'));
  const number = (pattern: RegExp): number => Number(pattern.exec(summary)?.[1] ?? Number.NaN);
  const requestsPerSecond = number(/Requests\/sec:\s+([\d.]+)/);
  const p50Ms = number(/50% in ([\d.]+) secs/) * 1000;
  const p99Ms = number(/99% in ([\d.]+) secs/) * 1000;
  if (Number.isNaN(requestsPerSecond) || summary.includes('Error distribution')) return undefined;
  const answered = [...summary.matchAll(/^\s+[\d.]+ \[(\d+)\]/gm)].reduce(
    (n, m) => n + Number(m[1]),
    0,
  );
  return { requestsPerSecond, p50Ms, p99Ms, answered };
}

/** Middle of the values; the mean of the two in the middle when their count is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half];
  if (upper === undefined) return Number.NaN;
  const lower = sorted[half - 1];
  return sorted.length % 2 === 1 || lower === undefined ? upper : (lower + upper) / 2;
}

/** Renders rows as a Markdown table, so that the output can go into BENCHMARKS.md as it is. */
export function markdownTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const widths = header.map((h, i) => Math.max(h.length, ...rows.map((r) => (r[i] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((c, i) => (i === 0 ? c.padEnd(widths[i] ?? 0) : c.padStart(widths[i] ?? 0))).join(' | ')} |`;
  const rule = `|${widths.map((w, i) => (i === 0 ? '-'.repeat(w + 2) : `${'-'.repeat(w + 1)}:`)).join('|')}|`;
  return [line(header), rule, ...rows.map(line)].join('\n');
}
