/** `lease revoke`: ends a lease and deletes its keys. */
import { LeaseRevokeRequest, leaseService } from '@kv/proto/lease';
import type { CommandContext } from '../context.js';
import { ExitCode, badArgs } from '../exit.js';
import { orFail } from './failure.js';
import { parseLeaseId } from './lease-id.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const [text] = context.args;
  if (text === undefined || context.args.length !== 1) {
    throw badArgs('lease revoke command needs 1 argument');
  }
  const ID = parseLeaseId(text);
  const { client, config, printer } = await context.open();
  const settings = { timeoutMs: config.commandTimeoutMs };
  const call = client.call(leaseService.leaseRevoke, LeaseRevokeRequest.create({ ID }), settings);
  printer.leaseRevoke(
    ID,
    await orFail(call, ExitCode.error, (reason) => `failed to revoke lease (${reason})`),
  );
  return ExitCode.success;
}
