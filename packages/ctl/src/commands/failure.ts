/** Failed calls as the `Error:` line and exit code of a command. */
import type { ByteString } from '../bytes.js';
import { ExitCode, ExitError } from '../exit.js';
import { errorText } from '../global/error-text.js';

/** Awaits a call; a failure ends the command. `wrap` puts the text into a sentence. */
export async function orFail<T>(
  call: Promise<T>,
  code: ExitCode = ExitCode.error,
  wrap: (text: ByteString) => ByteString = (text) => text,
): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ExitError) throw error;
    throw new ExitError(code, wrap(errorText(error)), { cause: error });
  }
}
