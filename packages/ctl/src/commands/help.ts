/** `help [command]`: the page of a command, or the list of all. */
import type { CommandContext } from '../context.js';
import { ExitCode } from '../exit.js';
import { UnknownCommandError, findCommand } from '../grammar/command.js';
import { helpText, usageText } from '../grammar/usage.js';
import { commandTree } from '../tree.js';

export function run({ args, io }: CommandContext): Promise<ExitCode> {
  try {
    io.stdout(helpText(findCommand(commandTree, args).path));
  } catch (error) {
    if (!(error instanceof UnknownCommandError)) throw error;
    const topics = args.map((arg) => `\`${arg}\``).join(' ');
    io.stderr(`Unknown help topic [${topics}]\n${usageText([commandTree])}`);
  }
  return Promise.resolve(ExitCode.success);
}
