/** `--consistency`: which reads may be answered by a member that is behind. */
import type { ByteString } from '../bytes.js';
import { ExitCode, ExitError } from '../exit.js';
import { quote } from '../go/quote.js';

/** Throws `ExitError` for anything but `l` and `s`; `shown` is the value that the message names. */
export function isSerializable(value: ByteString, shown: ByteString = value): boolean {
  if (value === 's') return true;
  if (value === 'l') return false;
  throw new ExitError(ExitCode.badFeature, `unknown consistency flag ${quote(shown)}`);
}
