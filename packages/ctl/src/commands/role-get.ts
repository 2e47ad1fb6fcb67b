/** `role get`: the rights of a role. */
import { AuthRoleGetRequest, authService } from '@kv/proto/auth';
import { toText } from '../bytes.js';
import type { CommandContext } from '../context.js';
import { ExitCode } from '../exit.js';
import { roleReport } from '../print/role-report.js';
import { oneArgument } from './arguments.js';
import { orFail } from './failure.js';
import { explicitTimeoutMs } from './timeout.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const role = oneArgument(context.args, 'role get command requires role name as its argument');
  const { client, config, printer } = await context.open();
  const method = authService.roleGet;
  const request = AuthRoleGetRequest.create({ role: toText(role) });
  const settings = { timeoutMs: explicitTimeoutMs(context.flags, config) };
  const answer = await orFail(client.call(method, request, settings));
  printer.report(roleReport(role, answer));
  return ExitCode.success;
}
