/** What members write to their logs, as far as a simulation wants to know it: counts of what happened, and lines for a failing seed. */
import type { LogFields, Logger, LogLevel, LogValue } from '../logger.js';

export interface LogListener {
  line(level: LogLevel, message: string, fields: LogFields): void;
}

/** `verbose`: lines below `warn` are of interest, too. */
export function processLogger(listener: LogListener): Logger {
  return {
    // Raft's own events are many, and say nothing that messages do not show.
    enabled: (level) => level !== 'debug',
    log: (level, message, fields = {}) => {
      listener.line(level, message, fields);
    },
  };
}

export function fieldsText(fields: LogFields): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${valueText(value)}`)
    .join(' ');
}

function valueText(value: LogValue): string {
  if (value instanceof Error) {
    const { cause } = value;
    const text = `${value.name}: ${value.message}`;
    return cause instanceof Error ? `${text} <- ${cause.message}` : text;
  }
  return typeof value === 'bigint' ? value.toString(16) : String(value);
}
