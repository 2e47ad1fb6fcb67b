/** Log lines on stderr in the shape of etcd's client: one JSON object each. */
import { fromText, type ByteString } from './bytes.js';

/** Values are texts or numbers; the line ends with a newline. */
export function logLine(
  level: 'info' | 'warn' | 'error' | 'fatal',
  message: string,
  fields: Readonly<Record<string, string | number>>,
  logger?: string,
): ByteString {
  // etcd writes microseconds; three digits is what a wall clock here gives.
  const ts = new Date().toISOString().replace('Z', '000Z');
  const name = logger === undefined ? {} : { logger };
  return `${fromText(JSON.stringify({ level, ts, ...name, msg: message, ...fields }))}\n`;
}
