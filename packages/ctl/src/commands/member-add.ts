/** `member add`: tells the cluster of a new member, and the user how to start it. */
import { MemberAddRequest, clusterService, type MemberAddResponse } from '@kv/proto/cluster';
import { fromText, type ByteString } from '../bytes.js';
import type { CommandContext } from '../context.js';
import { ExitCode, badArgs } from '../exit.js';
import { quote } from '../go/quote.js';
import { memberSentence, membershipReport } from '../print/member-reports.js';
import { orFail } from './failure.js';
import { requirePeerUrls, splitPeerUrls } from './peer-urls.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const { args, flags } = context;
  const name = nameOf(args);
  const peerUrls = requirePeerUrls(flags.string('peer-urls'));
  const { client, config, printer } = await context.open();
  const request = MemberAddRequest.create({
    peerURLs: splitPeerUrls(peerUrls),
    isLearner: flags.bool('learner'),
  });
  const settings = { timeoutMs: config.commandTimeoutMs };
  const answer = await orFail(client.call(clusterService.memberAdd, request, settings));
  printer.report(
    membershipReport(clusterService.memberAdd, answer, instructions(answer, name, peerUrls)),
  );
  return ExitCode.success;
}

function nameOf(args: readonly ByteString[]): ByteString {
  const [name] = args;
  if (name === undefined) throw badArgs('member name not provided');
  if (args.length === 1) return name;
  const hints = args
    .filter((arg) => arg.toLowerCase().startsWith('http'))
    .map((arg) => `, did you mean --peer-urls=${arg}`);
  throw badArgs(`too many arguments${hints.join('')}`);
}

/** The environment with which the new member has to be started. */
function instructions(
  { header, member, members }: MemberAddResponse,
  name: ByteString,
  peerUrls: ByteString,
): ByteString {
  const pairs = members.flatMap(({ ID, name: known, peerURLs }) =>
    peerURLs.map((url) => `${ID === member?.ID ? name : fromText(known)}=${fromText(url)}`),
  );
  const what = member?.isLearner === true ? 'added as learner to' : 'added to';
  return (
    `${memberSentence(member?.ID ?? 0n, what, header)}\n` +
    `ETCD_NAME=${quote(name)}\n` +
    `ETCD_INITIAL_CLUSTER=${quote(pairs.join(','))}\n` +
    `ETCD_INITIAL_ADVERTISE_PEER_URLS=${quote(peerUrls)}\n` +
    'ETCD_INITIAL_CLUSTER_STATE="existing"\n'
  );
}
