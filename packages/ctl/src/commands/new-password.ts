/** A user's new password: asked for twice, or read from standard input. */
import type { ByteString } from '../bytes.js';
import { badArgs } from '../exit.js';
import { askPassword } from '../global/config.js';
import type { Io } from '../io.js';

/** Throws `ExitError` when it is empty, or differs the second time. */
export function askNewPassword(io: Io, user: ByteString): ByteString {
  const password = askPassword(io, `Password of ${user}: `);
  if (password === '') throw badArgs('empty password');
  const again = askPassword(io, `Type password of ${user} again for confirmation: `);
  if (password !== again) throw badArgs('given passwords are different');
  return password;
}

/** One word of the first line, as etcdctl's Scanf reads it: a password with blanks is cut. */
export function readPasswordWord(io: Io): ByteString {
  return /^[ \t\r]*([^ \t\r\n]*)/.exec(io.readLine())?.[1] ?? '';
}
