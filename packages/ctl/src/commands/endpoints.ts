/** Which endpoints a command asks one by one: those of the option, or with `--cluster` all that the members announce. */
import { MemberListRequest, clusterService } from '@kv/proto/cluster';
import { fromText, type ByteString } from '../bytes.js';
import type { CommandContext, Configuration } from '../context.js';
import { ExitCode } from '../exit.js';
import { orFail } from './failure.js';

export async function endpointsOf(
  context: CommandContext,
  { config, connect }: Configuration,
): Promise<readonly ByteString[]> {
  if (!context.flags.bool('cluster')) return context.flags.strings('endpoints');
  const client = await connect(config.endpoints);
  const request = MemberListRequest.create({ linearizable: true });
  const settings = { timeoutMs: config.commandTimeoutMs };
  const answer = await orFail(
    client.call(clusterService.memberList, request, settings),
    ExitCode.error,
    (reason) => `failed to fetch endpoints from etcd cluster member list: ${reason}`,
  );
  return answer.members.flatMap(({ clientURLs }) => clientURLs.map(fromText));
}
