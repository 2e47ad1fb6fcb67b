/** Durations as Go's `time` package reads and prints them. They are whole nanoseconds, of which 64 bits last 292 years. */
import { parsed, quote, refused } from './go-values.js';
import type { Parsed } from './go-values.js';

/** Nanoseconds per unit. */
const units: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n, // U+00B5
  μs: 1_000n, // U+03BC
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

const max = 2n ** 63n - 1n;

/** Go's time.ParseDuration: `1h30m`, `1.5s`, `-2ms`; `0` needs no unit. The reason is Go's own. */
export function parseDuration(text: string): Parsed<bigint> {
  const invalid = refused<bigint>(`time: invalid duration ${quote(text)}`);
  const sign = /^[+-]/.exec(text)?.[0];
  let rest = sign === undefined ? text : text.slice(1);
  if (rest === '0') return parsed(0n);
  if (rest === '') return invalid;
  let total = 0n;
  while (rest !== '') {
    const number = /^(\d*)(?:\.(\d*))?/.exec(rest);
    const whole = number?.[1] ?? '';
    const fraction = number?.[2] ?? '';
    if (whole === '' && fraction === '') return invalid;
    rest = rest.slice(number?.[0].length);
    const unit = /^[^.\d]*/.exec(rest)?.[0] ?? '';
    if (unit === '') return refused(`time: missing unit in duration ${quote(text)}`);
    const scale = units[unit];
    if (scale === undefined) {
      return refused(`time: unknown unit ${quote(unit)} in duration ${quote(text)}`);
    }
    rest = rest.slice(unit.length);
    total += BigInt(whole || '0') * scale;
    if (fraction !== '') total += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
    if (total > max) return invalid;
  }
  return parsed(sign === '-' ? -total : total);
}

function fractional(value: bigint, unit: bigint): string {
  const whole = value / unit;
  const rest = value % unit;
  if (rest === 0n) return whole.toString();
  const width = unit.toString().length - 1;
  return `${whole.toString()}.${rest.toString().padStart(width, '0').replace(/0+$/, '')}`;
}

/** Go's Duration.String: `0s`, `1.5s`, `1m0s`, `100ms`. */
export function formatDuration(ns: bigint): string {
  if (ns === 0n) return '0s';
  if (ns < 0n) return `-${formatDuration(-ns)}`;
  if (ns < 1_000n) return `${ns.toString()}ns`;
  if (ns < 1_000_000n) return `${fractional(ns, 1_000n)}µs`;
  if (ns < 1_000_000_000n) return `${fractional(ns, 1_000_000n)}ms`;
  const seconds = `${fractional(ns % 60_000_000_000n, 1_000_000_000n)}s`;
  const minutes = ns / 60_000_000_000n;
  if (minutes === 0n) return seconds;
  if (minutes < 60n) return `${minutes.toString()}m${seconds}`;
  return `${(minutes / 60n).toString()}h${(minutes % 60n).toString()}m${seconds}`;
}

/** Milliseconds, rounded up so that a positive duration stays positive; Node's timers know nothing smaller. */
export function toMs(ns: bigint): number {
  return ns <= 0n ? Number(ns / 1_000_000n) : Number((ns + 999_999n) / 1_000_000n);
}
