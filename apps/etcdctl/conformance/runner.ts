/** Runs a list of invocations with one program against one fresh server, and notes what a caller can see of each. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Server } from './server.js';

export interface Invocation {
  /** Unique; what an expected difference refers to. */
  readonly name: string;
  readonly args: readonly string[];
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** Leave out `--endpoints`. */
  readonly bare?: boolean;
  /** Remember named groups of this pattern in stdout: identifiers in hex; `{name}` in later arguments stands for one. */
  readonly capture?: RegExp;
  /** Ends the program with SIGTERM after its standard output matches; for commands that do not end. */
  readonly until?: RegExp;
  /** Run by the same program once this one watches, e.g. puts that a watch shall see. */
  readonly meanwhile?: readonly (readonly string[])[];
  /** Ends the program with SIGTERM: once it watches, or once this key is there. */
  readonly stopWhen?: 'watching' | { readonly key: string };
  /** Sent to the server's JSON gateway first, for what no command does. */
  readonly before?: { readonly path: string; readonly body: unknown };
  /** Left out on a server that has no users: some would wait there for ever. */
  readonly needsUsers?: boolean;
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
  /** Runs within this process what needs none of its own: ten times as fast. */
  readonly runHere?: RunHere;
}
export type RunHere = (
  words: readonly string[],
  env: Readonly<Record<string, string>>,
) => Promise<Result>;

const runMsMax = 20_000;

/** A server for one program, and a folder of its own that arguments name `{dir}`. */
export interface Place {
  readonly server: Server;
  readonly folder: string;
}

export async function observeAll(
  program: Program,
  place: Place,
  invocations: readonly Invocation[],
): Promise<Observation[]> {
  const observations: Observation[] = [];
  const names = new Names(place);
  for (const invocation of invocations) {
    observations.push(await observe(program, place, invocation, names));
  }
  return observations;
}

/** What differs from run to run and has a name: in arguments the name stands for it, in what is compared the other way round. */
class Names {
  readonly #texts = new Map<string, string>();
  readonly #identifiers = new Map<string, string>();

  constructor({ server, folder }: Place) {
    this.#texts.set('{dir}', folder);
    this.#texts.set('{endpoint}', server.endpoint);
  }

  remember(groups: Readonly<Record<string, string>>): void {
    for (const [name, hex] of Object.entries(groups)) this.#identifiers.set(`{${name}}`, hex);
  }

  fill(text: string): string {
    let out = text;
    for (const [name, value] of [...this.#texts, ...this.#identifiers]) {
      out = out.replaceAll(name, value);
    }
    return out;
  }

  mask(text: string): string {
    let out = text;
    for (const [name, value] of this.#texts) out = out.replaceAll(value, name);
    for (const [name, hex] of this.#identifiers) {
      // Sentences pad it on the left.
      out = out.replaceAll(hex.padStart(16), name).replaceAll(hex, name);
      out = out.replaceAll(BigInt(`0x${hex}`).toString(), name);
    }
    return out;
  }
}

async function observe(
  program: Program,
  { server }: Place,
  invocation: Invocation,
  names: Names,
): Promise<Observation> {
  const { before, meanwhile, stopWhen } = invocation;
  if (before !== undefined) await server.post(before.path, before.body);
  // Watches of an earlier program must be gone: this one's will be counted.
  if (meanwhile !== undefined || stopWhen === 'watching') await server.whenWatchers(0);
  const args = invocation.args.map((arg) => names.fill(arg));
  const words = invocation.bare === true ? args : [`--endpoints=${server.endpoint}`, ...args];
  const result =
    program.runHere !== undefined && needsNoProcess(invocation)
      ? await program.runHere(words, invocation.env ?? {})
      : await runOnce(program, words, invocation, server);
  names.remember(invocation.capture?.exec(result.stdout)?.groups ?? {});
  const mask = (text: string): string => {
    let out = names.mask(text);
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

export interface Result {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: number | string;
}

/** What reads its input, runs on, or runs programs is about processes. */
function needsNoProcess({ args, stdin, until, stopWhen, meanwhile }: Invocation): boolean {
  const isAboutProcesses = [stdin, until, stopWhen, meanwhile].some((field) => field !== undefined);
  const runsPrograms = args[0] === 'lock' || args.includes('--');
  const readsInput = ['put', 'txn', 'watch', 'user'].includes(args[0] ?? '');
  return !isAboutProcesses && !runsPrograms && !readsInput;
}

async function runOnce(
  program: Program,
  words: readonly string[],
  invocation: Invocation,
  server: Server,
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
  const runsOn = until !== undefined || invocation.stopWhen !== undefined;
  if (!runsOn || invocation.stdin !== undefined) child.stdin.end(invocation.stdin ?? '');
  const ended = new Promise<number | string>((resolve) => {
    child.on('close', (code, signal) => {
      resolve(signal ?? code ?? -1);
    });
  });
  const isOver = new AbortController();
  const over = ended.finally(() => {
    isOver.abort();
  });
  try {
    const interference = interfere(program, invocation, server, child, isOver.signal);
    // The output is complete only when the program has ended.
    const [exit] = await Promise.all([over, interference]);
    return { ...output, exit };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

/** Acts on a program that runs on, as soon as it is ready for it; once it is over, no more. */
async function interfere(
  program: Program,
  { meanwhile = [], stopWhen }: Invocation,
  server: Server,
  child: ChildProcess,
  isOver: AbortSignal,
): Promise<void> {
  if (meanwhile.length > 0 || stopWhen === 'watching') await server.whenWatchers(1, isOver);
  for (const args of meanwhile) {
    if (isOver.aborted) return;
    const words = [`--endpoints=${server.endpoint}`, ...args];
    await runOnce(program, words, { name: 'meanwhile', args }, server);
  }
  if (typeof stopWhen === 'object') await keyIsThere(program, stopWhen.key, server, isOver);
  if (stopWhen !== undefined) child.kill('SIGTERM');
}

/** Asks until it is; the program that waits for it ends before that when it takes too long. */
async function keyIsThere(
  program: Program,
  key: string,
  server: Server,
  isOver: AbortSignal,
): Promise<void> {
  const args = [`--endpoints=${server.endpoint}`, 'get', key, '--keys-only'];
  while (!isOver.aborted) {
    const { stdout } = await runOnce(program, args, { name: 'is it there', args }, server);
    if (stdout !== '') return;
  }
}

/**
 * Log lines hold times and addresses. The complaint of a program that etcdctl calls for passwords comes where there is no terminal; what to do
 * about an error is our addition, after the line that programs look for.
 */
function withoutLogLines(stderr: string): string {
  return stderr
    .split('\n')
    .filter((line) => !/^(\{"level":|stty: |Hint: )/.test(line))
    .join('\n');
}
