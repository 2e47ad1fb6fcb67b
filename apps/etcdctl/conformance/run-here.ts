/** kvctl without a process: its library with streams that are kept. What a process adds is for `e2e/`. */
import { run, type Io } from '@kv/ctl';
import type { Result } from './runner.js';

/** Words and values as a shell gives them; standard input is empty. */
export async function runHere(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Result> {
  const output = { stdout: '', stderr: '' };
  const io: Io = {
    stdout: (bytes) => {
      output.stdout += typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1');
    },
    stderr: (bytes) => {
      output.stderr += bytes;
    },
    readAll: () => new Uint8Array(0),
    readLine: () => '',
    readSecret: (prompt) => {
      output.stdout += prompt;
      return '';
    },
    lines: async function* () {
      // There are none.
    },
    onStop: () => undefined,
    drawsProgress: false,
  };
  const variables = Object.entries(env).map(([name, value]) => [name, bytesOf(value)] as const);
  const exit = await run(words.map(bytesOf), new Map(variables), io);
  return { ...output, exit };
}

/** Text as the library has it: one character per byte of UTF-8. */
function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
