/** `lock`: holds a named lock until a signal comes, or as long as a command runs. */
import type { RawClient } from '@kv/client/raw';
import type { ByteString } from '../bytes.js';
import type { CommandContext, Session } from '../context.js';
import { ExitCode, ExitError, badArgs } from '../exit.js';
import { logLine } from '../log.js';
import { runProgram, type ProgramFailure } from './exec.js';
import { orFail } from './failure.js';
import { aborted, interruption } from './interruption.js';
import { openLeaseSession } from './lease-session.js';
import { leavePlace, readPlace, takePlace, waitForTurn, type Place } from './queue.js';
import { explicitTimeoutMs } from './timeout.js';

/** Taken instead of a TTL that is not positive, in seconds. */
const ttlOtherwise = 60n;

export async function run(context: CommandContext): Promise<ExitCode> {
  const [name, ...command] = context.args;
  if (name === undefined) {
    throw badArgs('lock takes a lock name argument and an optional command to execute');
  }
  const session = await context.open();
  return orFail(hold(context, session, name, command));
}

async function hold(
  context: CommandContext,
  session: Session,
  name: ByteString,
  command: readonly ByteString[],
): Promise<ExitCode> {
  const { flags, io } = context;
  const { client } = session;
  const lease = await openLeaseSession(
    client,
    ttlSeconds(context),
    explicitTimeoutMs(flags, session.config),
  );
  const signal = interruption(io);
  const place = await takePlace(client, name, lease.leaseId, '', signal);
  const revision = await acquire(client, name, place, signal);
  if (command.length > 0) return runHolding(client, place, revision, command);
  const { answer, kv } = await readPlace(client, place, signal);
  if (kv === undefined) throw new ExitError(ExitCode.error, 'lock lost on init');
  session.printer.get(answer, false);
  const why = await Promise.race([
    aborted(signal).then(() => 'stopped' as const),
    lease.ended.then(() => 'expired' as const),
  ]);
  if (why === 'expired') throw new ExitError(ExitCode.error, 'session expired');
  await leavePlace(client, place);
  return ExitCode.success;
}

function ttlSeconds({ flags, io }: CommandContext): bigint {
  const ttl = flags.int('ttl');
  if (ttl > 0n) return ttl;
  const fields = { 'current-session-ttl': Number(ttlOtherwise) };
  const message = 'WithTTL(): TTL should be > 0, preserving current TTL';
  io.stderr(logLine('warn', message, fields, 'etcd-client'));
  return ttlOtherwise;
}

/** Waits for the lock; gives the place up when that fails. The revision at which it was had. */
async function acquire(
  client: RawClient,
  name: ByteString,
  place: Place,
  signal: AbortSignal,
): Promise<bigint> {
  try {
    await waitForTurn(client, name, place, signal);
    const { answer, kv } = await readPlace(client, place, signal);
    if (kv !== undefined) return answer.header?.revision ?? 0n;
  } catch (error) {
    await leavePlace(client, place);
    throw error;
  }
  throw new ExitError(ExitCode.error, 'mutex: session is expired');
}

/** A signal goes to the command too: it decides when to end. */
async function runHolding(
  client: RawClient,
  place: Place,
  revision: bigint,
  command: readonly ByteString[],
): Promise<ExitCode> {
  const failure = await runProgram(command, {
    ETCD_LOCK_KEY: place.key,
    ETCD_LOCK_REV: String(revision),
  });
  await leavePlace(client, place);
  if (failure !== undefined) throw new ExitError(exitCodeOf(failure), failure.text);
  return ExitCode.success;
}

/** Of a command that a signal ended etcdctl has the status -1. */
function exitCodeOf(failure: ProgramFailure): ExitCode {
  switch (failure.kind) {
    case 'status':
      return failure.status;
    case 'signal':
      return 255;
    case 'start':
      return ExitCode.error;
  }
}
