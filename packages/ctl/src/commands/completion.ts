/** `completion`: a script for a shell, which asks kvctl itself for proposals. */
import type { CommandContext } from '../context.js';
import { ExitCode } from '../exit.js';
import { completionScript } from '../completion/scripts.js';

export function run({ args, io }: CommandContext): Promise<ExitCode> {
  // The grammar has let through only names of shells.
  io.stdout(completionScript(args[0] ?? ''));
  return Promise.resolve(ExitCode.success);
}
