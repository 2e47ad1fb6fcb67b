/** `version`: of the command and API that we are compatible with, and our own. */
import { readFileSync } from 'node:fs';
import type { CommandContext } from '../context.js';
import { ExitCode } from '../exit.js';

const compatibleVersion = '3.7.1';
const apiVersion = '3.7';

export function run({ io }: CommandContext): Promise<ExitCode> {
  io.stdout(
    `etcdctl version: ${compatibleVersion}\nAPI version: ${apiVersion}\nkvctl version: ${packageVersion()}\n`,
  );
  return Promise.resolve(ExitCode.success);
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { readonly version: string };
  return version;
}
