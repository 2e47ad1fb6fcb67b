/** Runs a command of the user's, with our output streams, and says how it failed in Go's words. */
import { spawn } from 'node:child_process';
import { fromText, toText, type ByteString } from '../bytes.js';
import { quote } from '../go/quote.js';

/** Undefined when it succeeded. Standard input is empty. */
export function execute(
  command: readonly ByteString[],
  variables: Readonly<Record<string, ByteString>>,
): Promise<ByteString | undefined> {
  const [program = '', ...args] = command.map((word) => toText(word));
  const environment = { ...process.env };
  for (const [name, value] of Object.entries(variables)) environment[name] = toText(value);
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: environment,
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      resolve(startFailure(program, error));
    });
    child.on('close', (code, signal) => {
      if (code === 0) resolve(undefined);
      else resolve(signal === null ? `exit status ${code ?? 1}` : `signal: ${signalText(signal)}`);
    });
  });
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

function signalText(signal: string): string {
  return signalTexts.get(signal) ?? signal;
}
