/** `lease keep-alive`: renews a lease once, or until it is gone. */
import { keepAliveMessages, renewOnce } from '@kv/client/lease-messages';
import type { CommandContext } from '../context.js';
import { ExitCode, badArgs } from '../exit.js';
import { leaseHex } from '../print/text.js';
import { orFail } from './failure.js';
import { parseLeaseId } from './lease-id.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const [text] = context.args;
  if (text === undefined || context.args.length !== 1) {
    throw badArgs('lease keep-alive command needs lease ID as argument');
  }
  const id = parseLeaseId(text);
  const { client, printer } = await context.open();
  if (context.flags.bool('once')) {
    printer.leaseKeepAlive(await orFail(renewOnce(client, id), ExitCode.badConnection));
    return ExitCode.success;
  }
  const renewals = async (): Promise<void> => {
    for await (const answer of keepAliveMessages(client, id)) printer.leaseKeepAlive(answer);
  };
  await orFail(renewals(), ExitCode.badConnection);
  if (printer.format === 'simple') {
    context.io.stdout(`lease ${leaseHex(id)} expired or revoked.\n`);
  }
  return ExitCode.success;
}
