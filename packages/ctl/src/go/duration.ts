/** Go's time.Duration as text: `1m0s`, `1.054754ms`. Values are nanoseconds. */
import { quote } from './quote.js';
import type { ByteString } from '../bytes.js';

const unitNanoseconds: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['\xc2\xb5s', 1_000n], // U+00B5 in UTF-8
  ['\xce\xbcs', 1_000n], // U+03BC in UTF-8
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);
const durationMax = 2n ** 63n - 1n;

/** `time.ParseDuration`; throws an `Error` with its text. */
export function parseDuration(text: ByteString): bigint {
  const invalid = new Error(`time: invalid duration ${quote(text)}`);
  const negative = text.startsWith('-');
  let rest = negative || text.startsWith('+') ? text.slice(1) : text;
  if (rest === '0') return 0n;
  if (rest === '') throw invalid;
  let total = 0n;
  while (rest !== '') {
    const parts = /^([0-9]*)(\.?)([0-9]*)([^0-9.]*)/.exec(rest);
    const [whole = '', integer = '', , fraction = '', unit = ''] = parts ?? [];
    if (integer === '' && fraction === '') throw invalid;
    if (unit === '') throw new Error(`time: missing unit in duration ${quote(text)}`);
    const scale = unitNanoseconds.get(unit);
    if (scale === undefined) {
      throw new Error(`time: unknown unit ${quote(unit)} in duration ${quote(text)}`);
    }
    const digits = fraction.slice(0, 18);
    total += BigInt(integer === '' ? '0' : integer) * scale;
    if (digits !== '') total += (BigInt(digits) * scale) / 10n ** BigInt(digits.length);
    if (total > durationMax) throw invalid;
    rest = rest.slice(whole.length);
  }
  return negative ? -total : total;
}

/** `Duration.String()`. */
export function formatDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s';
  const sign = nanoseconds < 0n ? '-' : '';
  const value = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  if (value < 1_000n) return `${sign}${value}ns`;
  if (value < 1_000_000n) return `${sign}${decimal(value, 1_000n)}\xc2\xb5s`;
  if (value < 1_000_000_000n) return `${sign}${decimal(value, 1_000_000n)}ms`;
  const minutes = value / 60_000_000_000n;
  const seconds = `${decimal(value % 60_000_000_000n, 1_000_000_000n)}s`;
  if (minutes === 0n) return sign + seconds;
  const hours = minutes / 60n;
  if (hours === 0n) return `${sign}${minutes}m${seconds}`;
  return `${sign}${hours}h${minutes % 60n}m${seconds}`;
}

/** `value / unit`, exactly, without trailing zeros. */
function decimal(value: bigint, unit: bigint): string {
  const fraction = (value % unit)
    .toString()
    .padStart(unit.toString().length - 1, '0')
    .replace(/0+$/, '');
  const whole = (value / unit).toString();
  return fraction === '' ? whole : `${whole}.${fraction}`;
}
