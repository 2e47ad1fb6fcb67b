/** The member that an argument names, in hexadecimal. */
import type { ByteString } from '../bytes.js';
import { badArgs } from '../exit.js';
import { NumError, parseUint64 } from '../go/strconv.js';
import { oneArgument } from './arguments.js';

/** The only argument. Throws `ExitError`. */
export function memberIdArgument(args: readonly ByteString[]): bigint {
  const text = oneArgument(args, 'member ID is not provided');
  try {
    return parseUint64(text, 16);
  } catch (cause) {
    if (!(cause instanceof NumError)) throw cause;
    throw badArgs(`bad member ID arg (${cause.message}), expecting ID in Hex`, { cause });
  }
}
