/** One line of the log, as etcd's logger (zap) writes it: JSON, or tab-separated for the console. Pure. */
import type { LogFields, LogLevel, LogValue } from '../logger.js';

export interface LogLine {
  readonly level: LogLevel;
  /** Since 1970 UTC, with fractions. */
  readonly timeMs: number;
  /** Where in the source the line was written: `folder/file.js:12`. */
  readonly caller: string;
  readonly message: string;
  readonly fields: LogFields;
  /** Lines of level error and above say how the program got there. */
  readonly stack: string | undefined;
}

const two = (value: number): string => value.toString().padStart(2, '0');

/** `2006-01-02T15:04:05.000000Z0700` in Go's terms: local time, microseconds, `Z` for UTC. */
export function timestamp(timeMs: number): string {
  const time = new Date(timeMs);
  const day = `${time.getFullYear().toString()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  const micros = (Math.floor(timeMs * 1000) % 1_000_000).toString().padStart(6, '0');
  const offset = -time.getTimezoneOffset();
  if (offset === 0) return `${day}T${clock}.${micros}Z`;
  const zone = `${two(Math.trunc(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
  return `${day}T${clock}.${micros}${offset < 0 ? '-' : '+'}${zone}`;
}

/** An error is its message, which names its cause where that matters; an identifier is lower-case hex. */
function plain(value: LogValue): unknown {
  if (typeof value === 'bigint') return BigInt.asUintN(64, value).toString(16);
  if (value instanceof Error) return value.message;
  return value;
}

function fieldsOf(fields: LogFields): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plain(value)]));
}

/** One JSON object and a newline. The keys of zap come first and in its order. */
export function jsonLine(line: LogLine): string {
  const object = {
    level: line.level,
    ts: timestamp(line.timeMs),
    caller: line.caller,
    msg: line.message,
    ...fieldsOf(line.fields),
    stacktrace: line.stack,
  };
  return `${JSON.stringify(object)}\n`;
}

/** Tab-separated columns, the fields as JSON in the last one. */
export function consoleLine(line: LogLine): string {
  const columns = [timestamp(line.timeMs), line.level, line.caller, line.message];
  const fields = fieldsOf(line.fields);
  if (Object.keys(fields).length > 0) columns.push(JSON.stringify(fields));
  const stack = line.stack === undefined ? '' : `\n${line.stack}`;
  return `${columns.join('\t')}${stack}\n`;
}
