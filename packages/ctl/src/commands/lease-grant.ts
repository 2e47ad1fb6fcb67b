/** `lease grant`: makes a lease. */
import { LeaseGrantRequest, leaseService } from '@kv/proto/lease';
import type { CommandContext } from '../context.js';
import { ExitCode, badArgs } from '../exit.js';
import { NumError, parseInt64 } from '../go/strconv.js';
import { orFail } from './failure.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const [text] = context.args;
  if (text === undefined || context.args.length !== 1) {
    throw badArgs('lease grant command needs TTL argument');
  }
  const request = LeaseGrantRequest.create({ TTL: parseTtl(text) });
  const { client, config, printer } = await context.open();
  const call = client.call(leaseService.leaseGrant, request, {
    timeoutMs: config.commandTimeoutMs,
  });
  printer.leaseGrant(
    await orFail(call, ExitCode.error, (reason) => `failed to grant lease (${reason})`),
  );
  return ExitCode.success;
}

function parseTtl(text: string): bigint {
  try {
    return parseInt64(text, 10);
  } catch (cause) {
    if (!(cause instanceof NumError)) throw cause;
    throw badArgs(`bad TTL (${cause.message})`, { cause });
  }
}
