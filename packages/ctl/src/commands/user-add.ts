/** `user add`: makes a user, with a password from one of five places or none. */
import { AuthUserAddRequest, authService } from '@kv/proto/auth';
import { toText, type ByteString } from '../bytes.js';
import type { CommandContext } from '../context.js';
import { ExitCode, badArgs } from '../exit.js';
import type { FlagSet } from '../grammar/flag-set.js';
import type { Io } from '../io.js';
import { headerReport } from '../print/report.js';
import { oneArgument } from './arguments.js';
import { orFail } from './failure.js';
import { askNewPassword, readPasswordWord } from './new-password.js';
import { explicitTimeoutMs } from './timeout.js';

interface NewUser {
  readonly name: ByteString;
  readonly password: ByteString;
  readonly noPassword: boolean;
}

export async function run(context: CommandContext): Promise<ExitCode> {
  const { args, flags, io } = context;
  const argument = oneArgument(args, 'user add command requires user name as its argument');
  const { name, password, noPassword } = newUser(argument, flags, io);
  const { client, config, printer } = await context.open();
  const method = authService.userAdd;
  const request = AuthUserAddRequest.create({
    name: toText(name),
    password: toText(password),
    options: { noPassword },
  });
  const settings = { timeoutMs: explicitTimeoutMs(flags, config) };
  const answer = await orFail(client.call(method, request, settings));
  printer.report(headerReport(method, answer, `User ${name} created`));
  return ExitCode.success;
}

/** In etcdctl's order: no password, the flag, after a colon, the question, standard input. */
function newUser(argument: ByteString, flags: FlagSet, io: Io): NewUser {
  const user = (name: ByteString, password: ByteString): NewUser => ({
    name,
    password,
    noPassword: false,
  });
  if (flags.bool('no-password')) return { name: argument, password: '', noPassword: true };
  const fromFlag = flags.string('new-user-password');
  if (fromFlag !== '') return user(argument, fromFlag);
  const colon = argument.indexOf(':');
  if (colon === 0) throw badArgs('empty user name is not allowed');
  if (colon > 0) return user(argument.slice(0, colon), argument.slice(colon + 1));
  if (flags.bool('interactive')) return user(argument, askNewPassword(io, argument));
  return user(argument, readPasswordWord(io));
}
