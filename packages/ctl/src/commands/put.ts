/** `put`: one key, its value from the arguments or from standard input. */
import { PutRequest, kvService } from '@kv/proto/kv';
import { toBytes, type ByteString } from '../bytes.js';
import type { CommandContext } from '../context.js';
import { ExitCode, badArgs } from '../exit.js';
import { NumError, parseInt64 } from '../go/strconv.js';
import type { FlagSet } from '../grammar/flag-set.js';
import type { Io } from '../io.js';
import { orFail } from './failure.js';

const wrongArguments = 'put command needs 1 argument and input from stdin or 2 arguments';

export async function run(context: CommandContext): Promise<ExitCode> {
  const request = putRequest(context.flags, context.args, context.io);
  const { client, config, printer } = await context.open();
  const settings = { timeoutMs: config.commandTimeoutMs };
  printer.put(await orFail(client.call(kvService.put, request, settings)));
  return ExitCode.success;
}

/** The request of a `put` line, here and in transactions. Throws `ExitError`. */
export function putRequest(flags: FlagSet, args: readonly ByteString[], io: Io): PutRequest {
  const [key] = args;
  if (key === undefined) throw badArgs(wrongArguments);
  const ignoreValue = flags.bool('ignore-value');
  if (ignoreValue && args.length > 1) {
    throw badArgs("put command needs only 1 argument when 'ignore-value' is set");
  }
  const value = ignoreValue ? new Uint8Array(0) : valueOf(args, io);
  return PutRequest.create({
    key: toBytes(key),
    value,
    lease: leaseOf(flags.string('lease')),
    prevKv: flags.bool('prev-kv'),
    ignoreValue,
    ignoreLease: flags.bool('ignore-lease'),
  });
}

function valueOf(args: readonly ByteString[], io: Io): Uint8Array {
  const [, value] = args;
  if (value !== undefined) return toBytes(value);
  const input = io.readAll();
  if (input.length === 0) throw badArgs(wrongArguments);
  return input;
}

function leaseOf(text: ByteString): bigint {
  try {
    return parseInt64(text, 16);
  } catch (cause) {
    if (!(cause instanceof NumError)) throw cause;
    throw badArgs(`bad lease ID (${cause.message}), expecting ID in Hex`, { cause });
  }
}
