/** `auth disable`: calls need no user any more. */
import { authService } from '@kv/proto/auth';
import type { CommandContext } from '../context.js';
import { ExitCode } from '../exit.js';
import { noArguments } from './arguments.js';
import { orFail } from './failure.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  noArguments(context.args, 'auth disable command does not accept any arguments');
  const { client, config } = await context.open();
  const settings = { timeoutMs: config.commandTimeoutMs };
  await orFail(client.call(authService.authDisable, {}, settings));
  context.io.stdout('Authentication Disabled\n');
  return ExitCode.success;
}
