/** `user get`: the roles of a user; with `--detail` their rights too. */
import { AuthRoleGetRequest, AuthUserGetRequest, authService } from '@kv/proto/auth';
import { fromText, toText } from '../bytes.js';
import type { CommandContext } from '../context.js';
import { ExitCode } from '../exit.js';
import { unlessEmpty } from '../print/json-value.js';
import { sentenceReport } from '../print/report.js';
import { roleReport } from '../print/role-report.js';
import { oneArgument } from './arguments.js';
import { orFail } from './failure.js';
import { explicitTimeoutMs } from './timeout.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const { args, flags, io } = context;
  const name = oneArgument(args, 'user get command requires user name as its argument');
  const { client, config, printer } = await context.open();
  const settings = { timeoutMs: explicitTimeoutMs(flags, config) };
  const request = AuthUserGetRequest.create({ name: toText(name) });
  const answer = await orFail(client.call(authService.userGet, request, settings));
  const roles = answer.roles.map(fromText);
  if (!flags.bool('detail')) {
    const text = `User: ${name}\nRoles:${roles.map((role) => ` ${role}`).join('')}`;
    printer.report(sentenceReport(authService.userGet, answer, text, unlessEmpty('roles', roles)));
    return ExitCode.success;
  }
  // These lines are the same in every format.
  io.stdout(`User: ${name}\n`);
  for (const role of answer.roles) {
    io.stdout('\n');
    const call = client.call(authService.roleGet, AuthRoleGetRequest.create({ role }), settings);
    printer.report(roleReport(fromText(role), await orFail(call)));
  }
  return ExitCode.success;
}
