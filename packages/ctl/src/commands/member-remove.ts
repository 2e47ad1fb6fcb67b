/** `member remove`: ends the membership of a member. */
import { MemberRemoveRequest, clusterService } from '@kv/proto/cluster';
import type { CommandContext } from '../context.js';
import { ExitCode } from '../exit.js';
import { memberSentence, membershipReport } from '../print/member-reports.js';
import { orFail } from './failure.js';
import { memberIdArgument } from './member-id.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const ID = memberIdArgument(context.args);
  const { client, config, printer } = await context.open();
  const method = clusterService.memberRemove;
  const settings = { timeoutMs: config.commandTimeoutMs };
  const answer = await orFail(client.call(method, MemberRemoveRequest.create({ ID }), settings));
  const sentence = memberSentence(ID, 'removed from', answer.header);
  printer.report(membershipReport(method, answer, sentence));
  return ExitCode.success;
}
