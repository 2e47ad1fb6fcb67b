/** Runs another program to its end and keeps the end of what it prints. */
import { spawn } from 'node:child_process';

/** The summaries of load tools are short and come last; progress bars before them are long. */
const outputCharactersMax = 262_144;

export interface CommandOptions {
  /** The program is killed after this long. */
  readonly timeoutMs: number;
  readonly cwd?: string;
}

/** Whether the program can be started at all. */
export function isInstalled(program: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, ['--version'], { stdio: 'ignore' });
    child.once('error', () => {
      resolve(false);
    });
    child.once('close', () => {
      resolve(true);
    });
  });
}

/** Resolves with what it printed on both outputs. Rejects, with that text, when it ends with another code than 0 or in time. */
export async function runCommand(
  program: string,
  args: readonly string[],
  { timeoutMs, cwd }: CommandOptions,
): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd });
  let text = '';
  const keep = (chunk: string): void => {
    text = (text + chunk).slice(-outputCharactersMax);
  };
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  try {
    const ending = await new Promise<string>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        resolve(signal ?? String(code));
      });
    });
    if (ending !== '0') {
      throw new Error(`${program} ${args.join(' ')} ended with ${ending}:\n${text.slice(-2000)}`);
    }
    return text;
  } finally {
    clearTimeout(timer);
  }
}
