/**
 * Logging as a port: a level, a constant message, and the data in fields.
 *
 * Levels as etcd defines them (etcd Documentation/contributor-guide/logging.md): `debug` for developers; `info` for
 * milestones; `warn` for what may need attention; `error` when something failed that was asked for; `panic` and `fatal`
 * just before the process ends. Keys and values of clients are never logged above `debug`; credentials never.
 */

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'panic' | 'fatal';

/** A field's value. A bigint is an identifier and prints as lower-case hex, as etcd prints it. */
export type LogValue = string | number | boolean | bigint | readonly string[] | Error | undefined;

export type LogFields = Readonly<Record<string, LogValue>>;

export interface Logger {
  /** Whether a line of this level would be written: ask before building costly fields. */
  enabled(level: LogLevel): boolean;
  log(level: LogLevel, message: string, fields?: LogFields): void;
}

/** Writes nothing. */
export const silentLogger: Logger = Object.freeze({
  enabled: () => false,
  log: () => undefined,
});
