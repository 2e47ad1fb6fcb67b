/** `auth enable`: from here on calls need a user. What the root user lacks of its role is made up for. */
import { AuthRoleAddRequest, AuthUserGrantRoleRequest, authService } from '@kv/proto/auth';
import { KvError } from '@kv/client/raw';
import { findWireErrorKey } from '@kv/proto/errors';
import type { CommandContext } from '../context.js';
import { ExitCode } from '../exit.js';
import { noArguments } from './arguments.js';
import { orFail } from './failure.js';

const root = 'root';

export async function run(context: CommandContext): Promise<ExitCode> {
  noArguments(context.args, 'auth enable command does not accept any arguments');
  const { client, config } = await context.open();
  const settings = { timeoutMs: config.commandTimeoutMs };
  const enable = async (): Promise<void> => {
    await client.call(authService.authEnable, {}, settings);
  };
  const makeRole = async (): Promise<void> => {
    const grant = AuthUserGrantRoleRequest.create({ user: root, role: root });
    await client.call(authService.roleAdd, AuthRoleAddRequest.create({ name: root }), settings);
    await client.call(authService.userGrantRole, grant, settings);
  };
  await orFail(
    enable().catch(async (error: unknown) => {
      if (!lacksRole(error)) throw error;
      await makeRole();
      await enable();
    }),
  );
  context.io.stdout('Authentication Enabled\n');
  return ExitCode.success;
}

function lacksRole(error: unknown): boolean {
  return error instanceof KvError && findWireErrorKey(error.details) === 'rootRoleNotGranted';
}
