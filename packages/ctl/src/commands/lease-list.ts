/** `lease list`: every lease that is alive. */
import { leaseService } from '@kv/proto/lease';
import type { CommandContext } from '../context.js';
import { ExitCode } from '../exit.js';
import { orFail } from './failure.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const { client, printer } = await context.open();
  printer.leaseList(
    await orFail(client.call(leaseService.leaseLeases, {}), ExitCode.badConnection),
  );
  return ExitCode.success;
}
