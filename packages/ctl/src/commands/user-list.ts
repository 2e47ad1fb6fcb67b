/** `user list`: the names of all users. */
import { authService } from '@kv/proto/auth';
import { fromText } from '../bytes.js';
import type { CommandContext } from '../context.js';
import { ExitCode } from '../exit.js';
import { listReport } from '../print/report.js';
import { noArguments } from './arguments.js';
import { orFail } from './failure.js';
import { explicitTimeoutMs } from './timeout.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  noArguments(context.args, 'user list command requires no arguments');
  const { client, config, printer } = await context.open();
  const method = authService.userList;
  const request = {};
  const settings = { timeoutMs: explicitTimeoutMs(context.flags, config) };
  const answer = await orFail(client.call(method, request, settings));
  printer.report(listReport(method, answer, 'users', answer.users.map(fromText)));
  return ExitCode.success;
}
