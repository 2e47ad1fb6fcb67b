/** `options`: the flags that every command takes. */
import type { CommandContext } from '../context.js';
import { ExitCode } from '../exit.js';
import { globalFlags } from '../global/flags.js';
import { flagUsages } from '../grammar/usage.js';

export function run({ io }: CommandContext): Promise<ExitCode> {
  io.stdout(`The following options can be passed to any command:\n\n${flagUsages(globalFlags)}`);
  return Promise.resolve(ExitCode.success);
}
