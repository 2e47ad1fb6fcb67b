/** `member update`: other peer URLs for a member. */
import { MemberUpdateRequest, clusterService } from '@kv/proto/cluster';
import type { CommandContext } from '../context.js';
import { ExitCode } from '../exit.js';
import { memberSentence, membershipReport } from '../print/member-reports.js';
import { orFail } from './failure.js';
import { memberIdArgument } from './member-id.js';
import { requirePeerUrls, splitPeerUrls } from './peer-urls.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const ID = memberIdArgument(context.args);
  const peerUrls = requirePeerUrls(context.flags.string('peer-urls'));
  const { client, config, printer } = await context.open();
  const method = clusterService.memberUpdate;
  const request = MemberUpdateRequest.create({ ID, peerURLs: splitPeerUrls(peerUrls) });
  const settings = { timeoutMs: config.commandTimeoutMs };
  const answer = await orFail(client.call(method, request, settings));
  const sentence = memberSentence(ID, 'updated in', answer.header);
  printer.report(membershipReport(method, answer, sentence));
  return ExitCode.success;
}
