/**
 * The data directory before and while a member uses it: what is in it, whether it can be written, who has it.
 *
 * The lock itself is the store's (an exclusive transaction on `member/snap/db.lock`, which the kernel releases however a process
 * ends). What it can not tell is *who* holds it, so a running member leaves a note for whoever is turned away. A note of a
 * killed process stays behind, and harms nobody: it is read only while somebody holds the lock.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { systemText } from '@kv/server';
import type { Logger } from '@kv/server';
import { StartError } from './start-error.js';

export interface DataDirState {
  /** Whether a member has stored something there before. */
  readonly initialized: boolean;
  /** Whether there is a log, which makes the settings of founding a cluster meaningless. */
  readonly hasLog: boolean;
}

const PRIVATE = 0o700;

/** Names below a directory; undefined when there is no such directory. */
function list(directory: string): readonly string[] | undefined {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    const reason = systemText(
      codeOf(error) === 'ENOTDIR' ? 'readdirent' : 'open',
      directory,
      error,
    );
    throw new StartError('failed to list data directory', reason, {
      hint: `--data-dir must name a directory; ${directory} is something else, or is not yours to read`,
      cause: error,
    });
  }
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;

/** Looks at a data directory without touching it. */
export function inspectDataDir(dataDir: string, walDir: string, logger: Logger): DataDirState {
  const names = list(dataDir) ?? [];
  for (const name of names) {
    if (name === 'member') continue;
    if (name === 'proxy') {
      throw new StartError('discovery failed', 'v2 http proxy has already been deprecated in 3.6', {
        hint: `${dataDir} belongs to an etcd 2 proxy; use another directory`,
      });
    }
    logger.log('warn', 'found invalid file under data directory', {
      filename: name,
      'data-dir': dataDir,
    });
  }
  const logDir = walDir === '' ? join(dataDir, 'member', 'wal') : walDir;
  const hasLog = (list(logDir) ?? []).some((name) => name.endsWith('.wal'));
  return { initialized: names.includes('member'), hasLog };
}

/**
 * Makes what is missing of a path; whether anything was. Node's own way never ends where a directory exists and takes none (`/proc/x`).
 */
function makeDirectories(path: string): boolean {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.unshift(at);
  for (const directory of missing) mkdirSync(directory, { mode: PRIVATE });
  return missing.length > 0;
}

/** Makes the directory if need be, and proves that it can be written. */
export function prepareDataDir(dataDir: string, logger: Logger): void {
  const probe = join(dataDir, '.touch');
  try {
    if (makeDirectories(dataDir)) chmodSync(dataDir, PRIVATE);
    writeFileSync(probe, '', { mode: 0o600 });
    rmSync(probe);
  } catch (error) {
    throw new StartError(
      'discovery failed',
      `cannot access data directory: ${accessText(probe, error)}`,
      {
        hint: `the directory ${dataDir} must be writable by this user, on a disk with free space`,
        cause: error,
      },
    );
  }
  const mode = statSync(dataDir).mode & 0o777;
  if (mode !== PRIVATE) {
    logger.log('warn', 'check file permission', {
      error: `directory "${dataDir}" exist, but the permission is "${modeText(mode)}". The recommended permission is "-rwx------" to prevent possible unprivileged access to the data`,
    });
  }
}

/** What failed at which path: `mkdir /x: permission denied`. */
function accessText(probe: string, error: unknown): string {
  const isMade = error instanceof Error && 'syscall' in error && error.syscall === 'mkdir';
  if (!isMade || !('path' in error)) return systemText('open', probe, error);
  return systemText('mkdir', String(error.path), error);
}

/** `drwxr-xr-x`, as Go prints the mode of a directory. */
function modeText(mode: number): string {
  const bits = Array.from('rwxrwxrwx', (letter, index) => (mode & (256 >> index) ? letter : '-'));
  return `d${bits.join('')}`;
}

/** Who uses a data directory. */
export interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly since: string;
  readonly clientUrls: readonly string[];
}

const holderPath = (dataDir: string): string => join(dataDir, 'member', 'holder.json');

/** Leaves the note. To be called with the lock held. */
export function writeHolder(dataDir: string, clientUrls: readonly string[]): void {
  const holder: Holder = {
    pid: process.pid,
    host: hostname(),
    since: new Date().toISOString(),
    clientUrls,
  };
  try {
    writeFileSync(holderPath(dataDir), `${JSON.stringify(holder)}\n`, { mode: 0o600 });
  } catch {
    // A full disk is reported by what needs the space; the note is a courtesy.
  }
}

/** Takes the note away after a clean stop. */
export function removeHolder(dataDir: string): void {
  rmSync(holderPath(dataDir), { force: true });
}

/** `process 123 on host a (since …, serving http://…)`, for an error; a plain word when there is no note. */
export function describeHolder(dataDir: string): string {
  try {
    const holder: unknown = JSON.parse(readFileSync(holderPath(dataDir), 'utf8'));
    if (!isHolder(holder)) return 'another process';
    const { pid, host, since, clientUrls } = holder;
    return `process ${pid.toString()} on ${host} (since ${since}, serving ${clientUrls.join(', ')})`;
  } catch {
    return 'another process';
  }
}

function isHolder(value: unknown): value is Holder {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, host, since, clientUrls } = value as Partial<Record<keyof Holder, unknown>>;
  return (
    typeof pid === 'number' &&
    typeof host === 'string' &&
    typeof since === 'string' &&
    Array.isArray(clientUrls)
  );
}
