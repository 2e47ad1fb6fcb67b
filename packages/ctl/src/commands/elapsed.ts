/** How long something took, as Go prints a duration. */
import type { ByteString } from '../bytes.js';
import { formatDuration } from '../go/duration.js';

export class Stopwatch {
  readonly #start = process.hrtime.bigint();

  elapsed(): ByteString {
    return formatDuration(process.hrtime.bigint() - this.#start);
  }
}
