/** `txn`: comparisons and two lists of requests from standard input, each list ended by an empty line. */
import { RequestOp, TxnRequest, kvService } from '@kv/proto/kv';
import type { ByteString } from '../bytes.js';
import type { CommandContext } from '../context.js';
import { ExitCode, ExitError, badArgs } from '../exit.js';
import { splitWords, trimSpace } from '../go/words.js';
import {
  UnknownCommandError,
  findCommand,
  flagSetOf,
  last,
  type CommandSpec,
} from '../grammar/command.js';
import { FlagError } from '../grammar/flag-set.js';
import type { Io } from '../io.js';
import { delCommand, delFlags, getCommand, putCommand } from '../tree.js';
import { parseComparison } from './compare-line.js';
import { delRequest } from './del.js';
import { orFail } from './failure.js';
import { getRequest } from './get.js';
import { putRequest } from './put.js';
import { explicitTimeoutMs } from './timeout.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const { args, flags, io } = context;
  if (args.length > 0) throw badArgs('txn command does not accept argument');
  const { client, config, printer } = await context.open();
  const prompt = (text: string): void => {
    if (flags.bool('interactive')) io.stdout(`${text}\n`);
  };
  prompt('compares:');
  const compare = [...block(io)].map(parseComparison);
  prompt('success requests (get, put, del):');
  const isDryRun = flags.bool('dry-run');
  const success = await requests(io, isDryRun);
  prompt('failure requests (get, put, del):');
  const failure = await requests(io, isDryRun);
  const request = TxnRequest.create({ compare, success, failure });
  const settings = { timeoutMs: explicitTimeoutMs(flags, config) };
  if (!isDryRun) {
    printer.txn(await orFail(client.call(kvService.txn, request, settings)));
    return ExitCode.success;
  }
  const { tellDryRun, wouldCommit } = await import('./dry-run.js');
  printer.txn(await orFail(wouldCommit(client, request, settings)));
  tellDryRun(io);
  return ExitCode.success;
}

/** Lines up to an empty one. A line is parsed before the next one is read, so that a mistake shows at once. */
function* block(io: Io): Generator<ByteString, void, undefined> {
  for (;;) {
    const line = io.readLine();
    if (!line.endsWith('\n')) throw new ExitError(ExitCode.invalidInput, 'EOF');
    const text = trimSpace(line);
    if (text === '') return;
    yield text;
  }
}

async function requests(io: Io, isDryRun: boolean): Promise<RequestOp[]> {
  const operations: RequestOp[] = [];
  for (const line of block(io)) operations.push(await parseRequest(line, io, isDryRun));
  return operations;
}

/** Only the whole transaction can be a dry run. */
const delLine: CommandSpec = { ...delCommand, flags: delFlags };

/** Request lines have a grammar like the command's own, of three commands. */
const requestTree: CommandSpec = {
  use: '',
  short: '',
  commands: [putCommand, getCommand, delLine],
};

async function parseRequest(line: ByteString, io: Io, isDryRun: boolean): Promise<RequestOp> {
  const words = splitWords(line);
  if (words.length < 2) throw invalidLine(`invalid txn compare request: ${line}`);
  const { command, flags } = await parseWords(words, line, io);
  // Standard input is the transaction: a value cannot come from it.
  const withoutInput: Io = { ...io, readAll: () => new Uint8Array(0) };
  switch (command) {
    case putCommand: {
      const value = putRequest(flags, flags.args, withoutInput);
      return RequestOp.create({ request: { $case: 'requestPut', value } });
    }
    case getCommand: {
      const value = getRequest(flags, flags.args);
      return RequestOp.create({ request: { $case: 'requestRange', value } });
    }
    case delLine: {
      const value = await delRequest(flags, flags.args, io, isDryRun);
      return RequestOp.create({ request: { $case: 'requestDeleteRange', value } });
    }
    default:
      throw invalidLine(`invalid txn request: ${line}`);
  }
}

async function parseWords(
  words: readonly ByteString[],
  line: ByteString,
  io: Io,
): Promise<{ readonly command: CommandSpec; readonly flags: ReturnType<typeof flagSetOf> }> {
  try {
    const { path, args } = findCommand(requestTree, words);
    const flags = flagSetOf(path);
    try {
      flags.parse(args);
    } catch (error) {
      const { usageText } = await import('../grammar/usage.js');
      io.stderr(`${usageText(path)}\n`);
      throw error;
    }
    return { command: last(path), flags };
  } catch (error) {
    if (error instanceof UnknownCommandError || error instanceof FlagError) {
      throw invalidLine(`invalid txn request: ${line}`);
    }
    throw error;
  }
}

function invalidLine(message: ByteString): ExitError {
  return new ExitError(ExitCode.invalidInput, message);
}
