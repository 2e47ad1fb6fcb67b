/** The reference's own `benchmark` program: etcd's Go client under load, and the summaries that it prints. */
import { runCommand } from './command.js';
import type { Sample } from './comparison.js';

const runMsMax = 300_000;

/** One of the summaries of a run. */
export interface ToolSummary extends Required<Sample> {
  /** Results without error, as the histogram counts them. */
  readonly answered: number;
}

/** Undefined when there is no summary, or when an error is reported. A percentile of zero is not printed by the tool. */
export function parseSummaries(output: string): readonly ToolSummary[] | undefined {
  const texts = output.split('Summary:').slice(1);
  if (texts.length === 0 || output.includes('Error distribution')) return undefined;
  return texts.map((text) => {
    const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);
    const counts = [...text.matchAll(/^ +[\d.e+-]+ \[(\d+)\]/gm)].map((match) => Number(match[1]));
    return {
      perSecond: number(/Requests\/sec:\s+([\d.e+-]+)/),
      p50Ms: number(/ 50% in ([\d.e+-]+) secs/) * 1000,
      p99Ms: number(/ 99% in ([\d.e+-]+) secs/) * 1000,
      answered: counts.reduce((sum, count) => sum + count, 0),
    };
  });
}

/** Runs the tool; rejects when it fails, reports an error, or prints no summary. */
export async function runBenchmarkTool(
  program: string,
  endpoint: string,
  args: readonly string[],
): Promise<readonly ToolSummary[]> {
  const words = [`--endpoints=${endpoint}`, '--precise', ...args];
  const output = await runCommand(program, words, { timeoutMs: runMsMax });
  const summaries = parseSummaries(output);
  if (summaries === undefined) {
    throw new Error(`benchmark ${args.join(' ')}: no clean result:\n${output.slice(-2000)}`);
  }
  return summaries;
}
