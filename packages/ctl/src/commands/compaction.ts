/** `compaction`: forgets history below a revision. */
import { CompactionRequest, kvService } from '@kv/proto/kv';
import type { CommandContext } from '../context.js';
import { ExitCode, badArgs } from '../exit.js';
import { parseInt64 } from '../go/strconv.js';
import { orFail } from './failure.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const [text] = context.args;
  if (text === undefined || context.args.length !== 1) {
    throw badArgs('compaction command needs 1 argument');
  }
  const revision = parseInt64(text, 10);
  const physical = context.flags.bool('physical');
  const { client, config } = await context.open();
  const settings = { timeoutMs: config.commandTimeoutMs };
  await orFail(
    client.call(kvService.compact, CompactionRequest.create({ revision, physical }), settings),
  );
  context.io.stdout(`compacted revision ${revision}\n`);
  return ExitCode.success;
}
