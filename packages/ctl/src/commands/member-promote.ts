/** `member promote`: makes a learner a voting member. */
import { MemberPromoteRequest, clusterService } from '@kv/proto/cluster';
import type { CommandContext } from '../context.js';
import { ExitCode } from '../exit.js';
import { memberSentence, membershipReport } from '../print/member-reports.js';
import { orFail } from './failure.js';
import { memberIdArgument } from './member-id.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const ID = memberIdArgument(context.args);
  const { client, config, printer } = await context.open();
  const method = clusterService.memberPromote;
  const settings = { timeoutMs: config.commandTimeoutMs };
  const answer = await orFail(client.call(method, MemberPromoteRequest.create({ ID }), settings));
  const sentence = memberSentence(ID, 'promoted in', answer.header);
  printer.report(membershipReport(method, answer, sentence));
  return ExitCode.success;
}
