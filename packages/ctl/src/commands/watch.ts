/** `watch`: events as they happen, printed, or handed to a command one by one; interactively any number of watches. */
import { KvError, type RawClient } from '@kv/client/raw';
import { watchMessages, type MessageWatch } from '@kv/client/watch-messages';
import { WatchCreateRequest, type WatchResponse } from '@kv/proto/watch';
import { findWireErrorKey, wireErrors } from '@kv/proto/errors';
import { fromBytes, fromText, type ByteString } from '../bytes.js';
import type { CommandContext, Session } from '../context.js';
import { ExitCode, ExitError, badArgs } from '../exit.js';
import { rawErrorText } from '../global/error-text.js';
import { quote } from '../go/quote.js';
import { statusText } from '../go/status.js';
import { splitWords } from '../go/words.js';
import { FlagError } from '../grammar/flag-set.js';
import { eventName } from '../print/text.js';
import { runProgram } from './exec.js';
import { openEnd, prefixEnd, range } from './range.js';
import {
  commandLineWatch,
  environmentKeys,
  interactiveWatch,
  wrongArgumentCount,
  type WatchArgs,
} from './watch-args.js';

export async function run(context: CommandContext): Promise<ExitCode> {
  const fromEnvironment = environmentKeys(context.environment);
  if (context.flags.bool('interactive')) return interactive(context, fromEnvironment);
  const args = commandLineWatch(context.flags, context.commandLine, fromEnvironment);
  const session = await context.open();
  const watch = openWatch(session.client, createRequest(args));
  await follow(context, session, watch, args.command);
  throw new ExitError(ExitCode.interrupted, 'watch is canceled by the server');
}

/** Throws `ExitError` for keys that make no watch. */
function createRequest({ flags, keys }: WatchArgs): WatchCreateRequest {
  const [key, end] = keys;
  if (key === undefined) throw badArgs(wrongArgumentCount);
  const prefix = flags.bool('prefix');
  if (prefix && keys.length === 2)
    throw badArgs('`range_end` and `--prefix` are mutually exclusive');
  // etcdctl takes a range end only when it is the last of two words.
  const wanted = prefix
    ? key === ''
      ? range(openEnd, openEnd)
      : range(key, prefixEnd(key))
    : range(key, keys.length === 2 ? (end ?? '') : '');
  return WatchCreateRequest.create({
    ...wanted,
    startRevision: flags.int('rev'),
    prevKv: flags.bool('prev-kv'),
    progressNotify: flags.bool('progress-notify'),
  });
}

function openWatch(client: RawClient, request: WatchCreateRequest): MessageWatch {
  return watchMessages(client, request, { requireLeader: true });
}

/** Prints until the server ends the watch. */
async function follow(
  context: CommandContext,
  session: Session,
  watch: MessageWatch,
  command: readonly ByteString[],
): Promise<void> {
  try {
    for await (const answer of watch) {
      if (answer.canceled) context.io.stderr(`watch was canceled (${cancelText(answer)})\n`);
      // A watch that was refused when created is to etcd's client a stream that ended: the answer itself is not shown.
      const isRefused = answer.created && answer.canceled && answer.cancelReason !== '';
      await show(context, session, isRefused ? endedAnswer : answer, command);
    }
  } catch (error) {
    if (!(error instanceof KvError)) throw error;
    const reason =
      findWireErrorKey(error.details) === 'noLeader'
        ? fromText(error.details)
        : rawErrorText(error);
    context.io.stderr(`watch was canceled (${reason})\n`);
    session.printer.watch(endedAnswer);
  }
}

/** What etcd's client reports when the stream itself ended. */
const endedAnswer: WatchResponse = {
  header: { clusterId: 0n, memberId: 0n, revision: 0n, raftTerm: 0n },
  watchId: 0n,
  created: false,
  canceled: true,
  compactRevision: 0n,
  cancelReason: '',
  fragment: false,
  events: [],
};

function cancelText({ created, compactRevision, cancelReason }: WatchResponse): ByteString {
  if (created && cancelReason !== '') return fromText(cancelReason);
  if (compactRevision !== 0n) return wireErrors.compacted.message;
  if (cancelReason === '') return wireErrors.futureRevision.message;
  return findWireErrorKey(cancelReason) === undefined
    ? fromText(statusText(9, cancelReason))
    : fromText(cancelReason);
}

async function show(
  { io }: CommandContext,
  { printer }: Session,
  answer: WatchResponse,
  command: readonly ByteString[],
): Promise<void> {
  if (isProgress(answer)) io.stdout(`progress notify: ${answer.header?.revision ?? 0n}\n`);
  printer.watch(answer);
  if (command.length === 0) return;
  for (const { type, kv } of answer.events) {
    const failure = await runProgram(command, {
      ETCD_WATCH_REVISION: String(answer.header?.revision ?? 0n),
      ETCD_WATCH_EVENT_TYPE: quote(eventName(type)),
      ETCD_WATCH_KEY: quote(kv === undefined ? '' : fromBytes(kv.key)),
      ETCD_WATCH_VALUE: quote(kv === undefined ? '' : fromBytes(kv.value)),
    });
    if (failure === undefined) continue;
    io.stderr(`command [${command.map(quote).join(' ')}] error (${failure.text})\n`);
    throw new ExitError(ExitCode.error, '');
  }
}

function isProgress({
  header,
  events,
  canceled,
  created,
  compactRevision,
}: WatchResponse): boolean {
  const isEmpty = events.length === 0 && !canceled && !created && compactRevision === 0n;
  return isEmpty && (header?.revision ?? 0n) !== 0n;
}

/** Reads requests until the input ends, which is an error; a watch that fails to run its command ends the process too. */
async function interactive(
  context: CommandContext,
  fromEnvironment: readonly ByteString[],
): Promise<ExitCode> {
  const session = await context.open();
  const watches = new Set<MessageWatch>();
  const failure = new Promise<never>((_resolve, reject) => {
    const start = (args: WatchArgs, request: WatchCreateRequest): void => {
      const watch = openWatch(session.client, request);
      watches.add(watch);
      follow(context, session, watch, args.command).then(() => watches.delete(watch), reject);
    };
    readRequests(context, fromEnvironment, watches, start).catch(reject);
  });
  return failure;
}

async function readRequests(
  { io }: CommandContext,
  fromEnvironment: readonly ByteString[],
  watches: ReadonlySet<MessageWatch>,
  start: (args: WatchArgs, request: WatchCreateRequest) => void,
): Promise<never> {
  for await (const lineWithEnd of io.lines()) {
    const line = lineWithEnd.slice(0, -1);
    const [command, ...words] = splitWords(line);
    if (command === undefined) {
      io.stderr(`Invalid command: ${line} (watch and progress supported)\n`);
    } else if (command === 'progress') {
      for (const watch of watches) watch.requestProgress();
    } else if (command !== 'watch') {
      io.stderr(`Invalid command ${line} (only support watch)\n`);
    } else if (words.length === 0 && fromEnvironment.length === 0) {
      io.stderr(`Invalid command ${line} (command type or key is not provided)\n`);
    } else {
      const args = parseLine(words, fromEnvironment);
      const request = requestOrComplaint(args, (reason) => {
        io.stderr(`Invalid command ${line} (${reason})\n`);
      });
      if (request !== undefined) start(args, request);
    }
  }
  throw new ExitError(ExitCode.invalidInput, 'error reading watch request line: EOF');
}

/** A mistake in the flags ends the command, as it does in etcdctl. */
function parseLine(
  words: readonly ByteString[],
  fromEnvironment: readonly ByteString[],
): WatchArgs {
  try {
    return interactiveWatch(words, fromEnvironment);
  } catch (error) {
    throw error instanceof FlagError ? badArgs(error.message, { cause: error }) : error;
  }
}

/** A mistake in the keys does not. */
function requestOrComplaint(
  args: WatchArgs,
  complain: (reason: ByteString) => void,
): WatchCreateRequest | undefined {
  try {
    return createRequest(args);
  } catch (error) {
    if (!(error instanceof ExitError)) throw error;
    complain(error.message);
    return undefined;
  }
}
