/** `lease timetolive`: what is left of a lease. */
import { LeaseTimeToLiveRequest, leaseService } from '@kv/proto/lease';
import type { CommandContext } from '../context.js';
import { ExitCode, badArgs } from '../exit.js';
import { orFail } from './failure.js';
import { parseLeaseId } from './lease-id.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const [text] = context.args;
  if (text === undefined || context.args.length !== 1) {
    throw badArgs('lease timetolive command needs lease ID as argument');
  }
  const keys = context.flags.bool('keys');
  // etcdctl makes its client first; a bad option is then reported before a bad ID.
  const { client, printer } = await context.open();
  const request = LeaseTimeToLiveRequest.create({ ID: parseLeaseId(text), keys });
  const call = client.call(leaseService.leaseTimeToLive, request);
  printer.leaseTimeToLive(await orFail(call, ExitCode.badConnection), keys);
  return ExitCode.success;
}
