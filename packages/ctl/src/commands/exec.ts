/** Runs a command of the user's, with our output streams, and says how it failed in Go's words. */
import { spawn } from 'node:child_process';
import { fromText, toText, type ByteString } from '../bytes.js';
import { quote } from '../go/quote.js';

/** How a program failed; `text` in Go's words. */
export type ProgramFailure =
  | { readonly kind: 'start' | 'signal'; readonly text: ByteString }
  | { readonly kind: 'status'; readonly text: ByteString; readonly status: number };

/** Undefined when it succeeded. Standard input is empty; `variables` are added to the environment. */
export function runProgram(
  command: readonly ByteString[],
  variables: Readonly<Record<string, ByteString>>,
): Promise<ProgramFailure | undefined> {
  const [program = '', ...args] = command.map((word) => toText(word));
  const environment = { ...process.env };
  for (const [name, value] of Object.entries(variables)) environment[name] = toText(value);
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: environment,
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      resolve({ kind: 'start', text: startFailure(program, error) });
    });
    child.on('close', (code, signal) => {
      resolve(signal === null ? statusFailure(code ?? 1) : signalFailure(signal));
    });
  });
}

function statusFailure(status: number): ProgramFailure | undefined {
  return status === 0 ? undefined : { kind: 'status', text: `exit status ${status}`, status };
}

function signalFailure(signal: string): ProgramFailure {
  return { kind: 'signal', text: `signal: ${signalTexts.get(signal) ?? signal}` };
}

function startFailure(program: string, error: NodeJS.ErrnoException): ByteString {
  const name = fromText(program);
  const reason = error.code === 'EACCES' ? 'permission denied' : 'no such file or directory';
  if (program.includes('/')) return `fork/exec ${name}: ${reason}`;
  return `exec: ${quote(name)}: executable file not found in $PATH`;
}

/** Go prints what strsignal says. */
const signalTexts: ReadonlyMap<string, string> = new Map([
  ['SIGHUP', 'hangup'],
  ['SIGINT', 'interrupt'],
  ['SIGQUIT', 'quit'],
  ['SIGABRT', 'aborted'],
  ['SIGKILL', 'killed'],
  ['SIGSEGV', 'segmentation fault'],
  ['SIGPIPE', 'broken pipe'],
  ['SIGTERM', 'terminated'],
]);
