/** `role list`: the names of all roles. */
import { authService } from '@kv/proto/auth';
import { fromText } from '../bytes.js';
import type { CommandContext } from '../context.js';
import { ExitCode } from '../exit.js';
import { quote } from '../go/quote.js';
import { listReport } from '../print/report.js';
import { noArguments } from './arguments.js';
import { orFail } from './failure.js';
import { explicitTimeoutMs } from './timeout.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  noArguments(context.args, 'role list command requires no arguments');
  const { client, config, printer } = await context.open();
  const method = authService.roleList;
  const request = {};
  const settings = { timeoutMs: explicitTimeoutMs(context.flags, config) };
  const answer = await orFail(client.call(method, request, settings));
  const names = answer.roles.map(fromText);
  const fields = `"Roles" :${names.map((name) => ` ${quote(name)}`).join('')}\n`;
  printer.report(listReport(method, answer, 'roles', names, fields));
  return ExitCode.success;
}
