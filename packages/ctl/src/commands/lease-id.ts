/** The lease that an argument names, in hexadecimal. */
import type { ByteString } from '../bytes.js';
import { badArgs } from '../exit.js';
import { NumError, parseInt64 } from '../go/strconv.js';

/** Throws `ExitError`. */
export function parseLeaseId(text: ByteString): bigint {
  try {
    return parseInt64(text, 16);
  } catch (cause) {
    if (!(cause instanceof NumError)) throw cause;
    throw badArgs(`bad lease ID arg (${cause.message}), expecting ID in Hex`, { cause });
  }
}
