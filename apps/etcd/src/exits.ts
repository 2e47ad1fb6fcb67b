/** How the process ends: the line that says why, and the exit code that etcd has for it (daemon.md §17). */
import { openLogger, withoutSecrets } from '@kv/server';
import type { LogFields, Logger, LoggingConfig, Note, ParsedConfig, Problem } from '@kv/server';
import { BANNER_VARIABLE } from './banner.js';
import { StartError, codesOf, hintFor } from './start-error.js';

/** Exit codes. */
export const ExitCode = {
  /** Also when the cluster has removed this member: nothing failed, and starting it again is no use. */
  success: 0,
  /** Bad values, a start that failed, a member that failed. */
  failure: 1,
  /** Words that can not be parsed. */
  usage: 2,
  /** A bug. Go ends a panic with the same number. */
  bug: 2,
} as const;

type Failed = Extract<ParsedConfig, { readonly type: 'problems' }>;

/** What a person sees who started the daemon by `npm start`: the same as in the log, as a sentence. */
function tellPerson(text: string): void {
  if (process.env[BANNER_VARIABLE] === undefined) return;
  process.stderr.write(`\netcd did not start: ${text}\n`);
}

/** Opens the log. A file that can not be opened is a problem of the configuration, told on stderr. */
export function openLoggerOrExit(logging: LoggingConfig, notes: readonly Note[]): Logger {
  try {
    const logger = openLogger(logging);
    writeNotes(logger, notes);
    return logger;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    reportProblems({
      type: 'problems',
      problems: [{ type: 'invalid', error: text }],
      notes,
      logging: { level: 'info', format: 'json', outputs: ['default'] },
    });
  }
}

function writeNotes(logger: Logger, notes: readonly Note[]): void {
  for (const note of notes) logger.log(note.level, note.message, note.fields);
  logger.log('info', 'Running: ', { args: withoutSecrets(process.argv.slice(1)) });
}

/** Logs every problem, and ends with the exit code of the first. */
export function reportProblems({ problems, notes, logging }: Failed): never {
  const logger = openLogger(logging);
  const printed = problems.filter((problem) => problem.type === 'printed');
  const panics = problems.filter((problem) => problem.type === 'panic');
  for (const { text } of [...printed, ...panics]) process.stderr.write(`${text}\n`);
  if (printed.length + panics.length < problems.length) writeNotes(logger, notes);
  for (const problem of problems) logProblem(logger, problem);
  tellPerson(problems.map(textOf).join('; '));
  process.exit(panics.length > 0 ? ExitCode.usage : ExitCode.failure);
}

function logProblem(logger: Logger, problem: Problem): void {
  if (problem.type === 'fatal') logger.log('fatal', problem.message, problem.fields);
  if (problem.type !== 'invalid') return;
  logger.log('warn', 'failed to verify flags', { error: problem.error });
  if (problem.error.startsWith('--advertise-client-urls is required')) {
    logger.log('warn', 'advertise client URLs are not set', { error: problem.error });
  }
}

function textOf(problem: Problem): string {
  switch (problem.type) {
    case 'invalid':
      return problem.error;
    case 'fatal':
      return `${problem.message}: ${Object.values(problem.fields).join(', ')}`;
    case 'printed':
    case 'panic':
      return problem.text;
  }
}

/** The daemon could not start, or can not go on: says what, where, and what to do. */
export function fail(logger: Logger, error: unknown, title = 'discovery failed'): never {
  const hint = hintFor(error);
  if (codesOf(error).includes('MemberError.removed')) {
    // The member has said so in the log.
    tellPerson(`the cluster has removed this member: ${hint ?? ''}`);
    process.exit(ExitCode.success);
  }
  if (codesOf(error).includes('MemberError.discovery_failed')) {
    const message = error instanceof Error ? error.message : String(error);
    logger.log('warn', 'failed to bootstrap; discovery token was already used', { error: message });
    logger.log(
      'warn',
      'do not reuse discovery token; generate a new one to bootstrap a cluster',
      {},
    );
    tellPerson(`${message}\n${hint ?? ''}`);
    process.exit(ExitCode.failure);
  }
  const fields: LogFields = {
    error: error instanceof Error ? error : String(error),
    ...(hint === undefined ? {} : { hint }),
  };
  logger.log('fatal', error instanceof StartError ? error.title : title, fields);
  const message = error instanceof Error ? error.message : String(error);
  tellPerson(hint === undefined ? message : `${message}\n${hint}`);
  process.exit(ExitCode.failure);
}

/** A bug: nobody knows what state the program is in, so it ends at once. What was acknowledged is on disk. */
export function crash(logger: Logger, error: Error): never {
  logger.log('panic', 'unexpected error; this is a bug', { error, where: error.stack });
  process.exit(ExitCode.bug);
}

/** Ends as the signal would have ended it, so that a parent sees why. The first process of a container can not, and exits 0. */
export function exitBySignal(signal: 'SIGINT' | 'SIGTERM'): void {
  if (process.pid === 1) process.exit(0);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
