/** What parsing has to say besides the configuration: lines for the log, and problems that forbid a start. */
import type { LogFields, LogLevel } from '../logger.js';

/** A line for the log, written once the log is open. */
export interface Note {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields?: LogFields;
}

/** Why the daemon does not start. The first of several is the one that etcd reports. */
export type Problem =
  /** `failed to verify flags` with this error; exit code 1. */
  | { readonly type: 'invalid'; readonly error: string }
  /** A fatal line; exit code 1. */
  | { readonly type: 'fatal'; readonly message: string; readonly fields: LogFields }
  /** Printed on stderr without a log line; exit code 1. */
  | { readonly type: 'printed'; readonly text: string }
  /** What etcd answers with a panic; exit code 2. */
  | { readonly type: 'panic'; readonly text: string };

export const invalid = (error: string): Problem => ({ type: 'invalid', error });
