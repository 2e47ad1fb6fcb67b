/** Runs a list of invocations with one program against one fresh server, and notes what a caller can see of each. */
import { spawn } from 'node:child_process';

export interface Invocation {
  /** Unique; what an expected difference refers to. */
  readonly name: string;
  readonly args: readonly string[];
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** Leave out `--endpoints`. */
  readonly bare?: boolean;
  /** Remember the first group of this pattern in stdout; `{lease}` in later arguments stands for it. */
  readonly capture?: RegExp;
  /** Ends the program with SIGTERM after its standard output matches; for commands that do not end. */
  readonly until?: RegExp;
  /** Run this long after the start, by the same program, e.g. puts that a watch shall see. */
  readonly meanwhile?: readonly (readonly string[])[];
  /** What differs from run to run. */
  readonly masks?: readonly RegExp[];
}

export interface Observation {
  readonly name: string;
  readonly stdout: string;
  /** Without JSON log lines: they hold times and addresses. */
  readonly stderr: string;
  /** A signal's name when one of ours ended it. */
  readonly exit: number | string;
}

export interface Program {
  readonly command: string;
  readonly prefix: readonly string[];
}

const runMsMax = 20_000;

export async function observeAll(
  program: Program,
  endpoint: string,
  invocations: readonly Invocation[],
): Promise<Observation[]> {
  const observations: Observation[] = [];
  const captured = { lease: '' };
  for (const invocation of invocations) {
    observations.push(await observe(program, endpoint, invocation, captured));
  }
  return observations;
}

async function observe(
  program: Program,
  endpoint: string,
  invocation: Invocation,
  captured: { lease: string },
): Promise<Observation> {
  const fill = (text: string): string => text.replaceAll('{lease}', captured.lease);
  const args = invocation.args.map(fill);
  const words = invocation.bare === true ? args : [`--endpoints=${endpoint}`, ...args];
  const result = await runOnce(program, words, invocation, endpoint);
  const found = invocation.capture?.exec(result.stdout)?.[1];
  if (found !== undefined) captured.lease = found;
  const mask = (text: string): string => {
    const lease = captured.lease;
    let out = lease === '' ? text : text.replaceAll(lease, '{lease}');
    if (lease !== '') out = out.replaceAll(BigInt(`0x${lease}`).toString(), '{lease}');
    for (const pattern of invocation.masks ?? []) out = out.replace(pattern, '{masked}');
    return out;
  };
  return {
    name: invocation.name,
    stdout: mask(result.stdout),
    stderr: mask(withoutLogLines(result.stderr)),
    exit: result.exit,
  };
}

interface Result {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: number | string;
}

async function runOnce(
  program: Program,
  words: readonly string[],
  invocation: Invocation,
  endpoint: string,
): Promise<Result> {
  const child = spawn(program.command, [...program.prefix, ...words], {
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...invocation.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: runMsMax,
    killSignal: 'SIGKILL',
  });
  const output = { stdout: '', stderr: '' };
  const { until } = invocation;
  child.stdout.on('data', (chunk: Buffer) => {
    output.stdout += chunk.toString('latin1');
    if (until?.test(output.stdout) === true) child.kill('SIGTERM');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output.stderr += chunk.toString('latin1');
  });
  child.stdin.on('error', () => undefined); // It may end without reading.
  if (invocation.until === undefined || invocation.stdin !== undefined)
    child.stdin.end(invocation.stdin ?? '');
  const ended = new Promise<number | string>((resolve) => {
    child.on('close', (code, signal) => {
      resolve(signal ?? code ?? -1);
    });
  });
  if (invocation.meanwhile !== undefined)
    await runMeanwhile(program, endpoint, invocation.meanwhile);
  // The output is complete only then.
  const exit = await ended;
  return { ...output, exit };
}

/** A watch cannot be asked whether it has begun; a moment is long enough for a process to start, and a failure shows as a difference. */
async function runMeanwhile(
  program: Program,
  endpoint: string,
  lines: readonly (readonly string[])[],
): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 700));
  for (const args of lines) {
    await runOnce(
      program,
      [`--endpoints=${endpoint}`, ...args],
      { name: 'meanwhile', args },
      endpoint,
    );
  }
}

function withoutLogLines(stderr: string): string {
  return stderr
    .split('\n')
    .filter((line) => !line.startsWith('{"level":'))
    .join('\n');
}
