/** `role delete`: a role is taken from all who have it. */
import { AuthRoleDeleteRequest, authService } from '@kv/proto/auth';
import { toText } from '../bytes.js';
import type { CommandContext } from '../context.js';
import { ExitCode } from '../exit.js';
import { headerReport } from '../print/report.js';
import { oneArgument } from './arguments.js';
import { orFail } from './failure.js';
import { explicitTimeoutMs } from './timeout.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const role = oneArgument(context.args, 'role delete command requires role name as its argument');
  const { client, config, printer } = await context.open();
  const method = authService.roleDelete;
  const request = AuthRoleDeleteRequest.create({ role: toText(role) });
  const settings = { timeoutMs: explicitTimeoutMs(context.flags, config) };
  const answer = await orFail(client.call(method, request, settings));
  printer.report(headerReport(method, answer, `Role ${role} deleted`));
  return ExitCode.success;
}
