/** `member list`: who belongs to the cluster. */
import { MemberListRequest, clusterService } from '@kv/proto/cluster';
import type { CommandContext } from '../context.js';
import { ExitCode } from '../exit.js';
import { isSerializable } from './consistency.js';
import { orFail } from './failure.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  // etcdctl's message names the flag of `get`, whose value here is always its default.
  const serializable = isSerializable(context.flags.string('consistency'), 'l');
  const { client, config, printer } = await context.open();
  const request = MemberListRequest.create({ linearizable: !serializable });
  const settings = { timeoutMs: config.commandTimeoutMs };
  printer.memberList(await orFail(client.call(clusterService.memberList, request, settings)));
  return ExitCode.success;
}
