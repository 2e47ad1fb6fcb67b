/** `move-leader`: the leader, found among the endpoints, hands over to another member. */
import { MoveLeaderRequest, maintenanceService } from '@kv/proto/maintenance';
import type { RawClient } from '@kv/client/raw';
import type { ByteString } from '../bytes.js';
import type { CommandContext, Configuration } from '../context.js';
import { ExitCode, badArgs } from '../exit.js';
import { NumError, parseUint64 } from '../go/strconv.js';
import { sentenceReport } from '../print/report.js';
import { hexId } from '../print/text.js';
import { oneArgument } from './arguments.js';
import { orFail } from './failure.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const target = memberId(oneArgument(context.args, 'move-leader command needs 1 argument'));
  const configuration = await context.configure();
  const { config, printer } = configuration;
  const settings = { timeoutMs: config.commandTimeoutMs };
  const { client, id } = await findLeader(configuration);
  const method = maintenanceService.moveLeader;
  const request = MoveLeaderRequest.create({ targetID: target });
  const answer = await orFail(client.call(method, request, settings));
  const sentence = `Leadership transferred from ${hexId(id)} to ${hexId(target)}`;
  printer.report(sentenceReport(method, answer, sentence));
  return ExitCode.success;
}

function memberId(text: ByteString): bigint {
  try {
    return parseUint64(text, 16);
  } catch (cause) {
    if (!(cause instanceof NumError)) throw cause;
    throw badArgs(cause.message, { cause });
  }
}

/** An endpoint that does not answer ends the search, as in etcdctl. */
async function findLeader({
  config,
  connect,
}: Configuration): Promise<{ readonly client: RawClient; readonly id: bigint }> {
  const settings = { timeoutMs: config.commandTimeoutMs };
  // Finds out that there are no endpoints at all.
  await (await connect(config.endpoints)).close();
  for (const endpoint of config.endpoints) {
    const client = await connect([endpoint]);
    const call = client.call(maintenanceService.status, {}, settings);
    const { header, leader } = await orFail(call);
    if (header?.memberId === leader) return { client, id: leader };
    await client.close();
  }
  throw badArgs(`no leader endpoint given at [${config.endpoints.join(' ')}]`);
}
