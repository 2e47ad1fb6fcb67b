/** `user passwd`: another password for a user. */
import { AuthUserChangePasswordRequest, authService } from '@kv/proto/auth';
import { toText } from '../bytes.js';
import type { CommandContext } from '../context.js';
import { ExitCode } from '../exit.js';
import { headerReport } from '../print/report.js';
import { oneArgument } from './arguments.js';
import { orFail } from './failure.js';
import { askNewPassword, readPasswordWord } from './new-password.js';
import { explicitTimeoutMs } from './timeout.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const { args, flags, io } = context;
  const name = oneArgument(args, 'user passwd command requires user name as its argument');
  const password = flags.bool('interactive') ? askNewPassword(io, name) : readPasswordWord(io);
  const { client, config, printer } = await context.open();
  const method = authService.userChangePassword;
  const request = AuthUserChangePasswordRequest.create({
    name: toText(name),
    password: toText(password),
  });
  const settings = { timeoutMs: explicitTimeoutMs(flags, config) };
  const answer = await orFail(client.call(method, request, settings));
  printer.report(headerReport(method, answer, 'Password updated'));
  return ExitCode.success;
}
