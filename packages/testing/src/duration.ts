/** Lengths of time as people write them: `'10m'`, `'1h30m'`, `'250ms'`, or a number of milliseconds. */
import { TestClusterError } from './errors.js';

/** Text of numbers with units (`ms`, `s`, `m`, `h`, `d`), the larger first; or milliseconds. */
export type Duration = number | string;

const unitMs = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;
type Unit = keyof typeof unitMs;
const order: readonly Unit[] = ['d', 'h', 'm', 's', 'ms'];

const part = /(\d+(?:\.\d+)?)(ms|[dhms])/y;

/** Whole milliseconds, rounded up; not negative. Throws `TestClusterError` of code `invalidDuration`. */
export function millisecondsOf(duration: Duration): number {
  const ms = typeof duration === 'number' ? duration : parse(duration);
  if (Number.isFinite(ms) && ms >= 0 && ms <= Number.MAX_SAFE_INTEGER) return Math.ceil(ms);
  throw new TestClusterError('invalidDuration', `"${String(duration)}" is not a duration`, {
    remedy: `give milliseconds, or text such as '250ms', '10m' or '1h30m'`,
  });
}

/** NaN for what can not be read. */
function parse(text: unknown): number {
  if (typeof text !== 'string' || text === '') return NaN;
  let ms = 0;
  let smallest = -1;
  part.lastIndex = 0;
  while (part.lastIndex < text.length) {
    const found = part.exec(text);
    const unit = found?.[2] as Unit | undefined;
    if (unit === undefined || order.indexOf(unit) <= smallest) return NaN;
    smallest = order.indexOf(unit);
    ms += Number(found?.[1]) * unitMs[unit];
  }
  return ms;
}
