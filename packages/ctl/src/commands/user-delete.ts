/** `user delete`: a user can log in no more. */
import { AuthUserDeleteRequest, authService } from '@kv/proto/auth';
import { toText } from '../bytes.js';
import type { CommandContext } from '../context.js';
import { ExitCode } from '../exit.js';
import { headerReport } from '../print/report.js';
import { oneArgument } from './arguments.js';
import { orFail } from './failure.js';
import { explicitTimeoutMs } from './timeout.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const name = oneArgument(context.args, 'user delete command requires user name as its argument');
  const { client, config, printer } = await context.open();
  const method = authService.userDelete;
  const request = AuthUserDeleteRequest.create({ name: toText(name) });
  const settings = { timeoutMs: explicitTimeoutMs(context.flags, config) };
  const answer = await orFail(client.call(method, request, settings));
  printer.report(headerReport(method, answer, `User ${name} deleted`));
  return ExitCode.success;
}
