/** `user revoke-role`: a user loses the rights of a role. */
import { AuthUserRevokeRoleRequest, authService } from '@kv/proto/auth';
import { toText } from '../bytes.js';
import type { CommandContext } from '../context.js';
import { ExitCode } from '../exit.js';
import { headerReport } from '../print/report.js';
import { twoArguments } from './arguments.js';
import { orFail } from './failure.js';
import { explicitTimeoutMs } from './timeout.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const [user, role] = twoArguments(
    context.args,
    'user revoke-role requires user name and role name as its argument',
  );
  const { client, config, printer } = await context.open();
  const method = authService.userRevokeRole;
  const request = AuthUserRevokeRoleRequest.create({ name: toText(user), role: toText(role) });
  const settings = { timeoutMs: explicitTimeoutMs(context.flags, config) };
  const answer = await orFail(client.call(method, request, settings));
  printer.report(headerReport(method, answer, `Role ${role} is revoked from user ${user}`));
  return ExitCode.success;
}
