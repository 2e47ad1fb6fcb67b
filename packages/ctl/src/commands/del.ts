/** `del`: one key or a range; a range without `--range` gives two seconds to think again. */
import { DeleteRangeRequest, kvService } from '@kv/proto/kv';
import type { ByteString } from '../bytes.js';
import type { CommandContext } from '../context.js';
import { ExitCode, badArgs } from '../exit.js';
import { quote } from '../go/quote.js';
import type { FlagSet } from '../grammar/flag-set.js';
import type { Io } from '../io.js';
import { orFail } from './failure.js';
import { rangeOfFlags } from './range.js';

const secondThoughtsMs = 2_000;

export async function run(context: CommandContext): Promise<ExitCode> {
  const { args, flags, io } = context;
  const isDryRun = flags.bool('dry-run');
  const request = await delRequest(flags, args, io, isDryRun);
  const { client, config, printer } = await context.open();
  const settings = { timeoutMs: config.commandTimeoutMs };
  if (!isDryRun) {
    printer.del(await orFail(client.call(kvService.deleteRange, request, settings)));
    return ExitCode.success;
  }
  const { tellDryRun, wouldDelete } = await import('./dry-run.js');
  printer.del(await orFail(wouldDelete(client, request, settings)));
  tellDryRun(io);
  return ExitCode.success;
}

/** The request of a `del` line, here and in transactions. Of a dry run nobody needs to be warned. Throws `ExitError`. */
export async function delRequest(
  flags: FlagSet,
  args: readonly ByteString[],
  io: Io,
  isDryRun: boolean,
): Promise<DeleteRangeRequest> {
  const [key, end] = args;
  if (key === undefined || args.length > 2) {
    throw badArgs('del command needs one argument as key and an optional argument as range_end');
  }
  if (flags.bool('prefix') && flags.bool('from-key')) {
    throw badArgs('`--prefix` and `--from-key` cannot be set at the same time, choose one');
  }
  const range = rangeOfFlags(flags, key, end);
  if (end !== undefined && !flags.bool('range') && !isDryRun) {
    io.stderr(
      `Warning: Keys between ${quote(key)} and ${quote(end)} will be deleted. Please interrupt the command within next 2 seconds to cancel. ` +
        'You can provide `--range` flag to avoid the delay.\n',
    );
    await new Promise((resolve) => setTimeout(resolve, secondThoughtsMs));
  }
  return DeleteRangeRequest.create({ ...range, prevKv: flags.bool('prev-kv') });
}
