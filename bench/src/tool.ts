/** Runs the reference's benchmark tool against a server and checks that what it reports did happen. */
import { spawn } from 'node:child_process';
import { parseReport } from './report.js';
import type { Figures } from './report.js';
import { revisionOf } from './program.js';
import type { Program } from './program.js';
import type { Workload } from './workload.js';

export interface Tools {
  readonly benchmark: string;
  readonly etcdctl: string;
}

async function output(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  const keep = (chunk: string): void => {
    // The progress bar makes most of the output; the summary stands at its end.
    text = (text + chunk).slice(-65_536);
  };
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${String(code)}:\n${text}`);
  return text;
}

/** Runs one workload. Throws when the tool saw errors or the revision did not rise by exactly the writes acknowledged. */
export async function measure(
  tools: Tools,
  program: Program,
  workload: Workload,
): Promise<Figures> {
  const before = revisionOf(program, tools.etcdctl);
  const text = await output(tools.benchmark, [`--endpoints=${program.endpoint}`, ...workload.args]);
  const figures = parseReport(text);
  if (figures === undefined)
    throw new Error(`${program.name}, ${workload.name}: no clean result in\n${text}`);
  const risen = revisionOf(program, tools.etcdctl) - before;
  if (risen !== workload.writes) {
    throw new Error(
      `${program.name}, ${workload.name}: ${String(workload.writes)} writes were acknowledged, the revision rose by ${String(risen)}`,
    );
  }
  return figures;
}
