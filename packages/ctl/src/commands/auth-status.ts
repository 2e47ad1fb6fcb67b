/** `auth status`: whether calls need a user, and how often users and roles have changed. */
import { authService } from '@kv/proto/auth';
import type { CommandContext } from '../context.js';
import { ExitCode } from '../exit.js';
import { unlessEmpty } from '../print/json-value.js';
import { sentenceReport } from '../print/report.js';
import { noArguments } from './arguments.js';
import { orFail } from './failure.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  noArguments(context.args, 'auth status command does not accept any arguments');
  const { client, config, printer } = await context.open();
  const settings = { timeoutMs: config.commandTimeoutMs };
  const answer = await orFail(client.call(authService.authStatus, {}, settings));
  const { enabled, authRevision } = answer;
  printer.report(
    sentenceReport(
      authService.authStatus,
      answer,
      `Authentication Status: ${enabled}\nAuthRevision: ${authRevision}`,
      unlessEmpty('enabled', enabled),
      unlessEmpty('authRevision', authRevision),
    ),
  );
  return ExitCode.success;
}
