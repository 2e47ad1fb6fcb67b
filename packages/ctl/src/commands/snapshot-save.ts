/** `snapshot save`: an image of one member's store as a file, which appears under its name only when it is complete and on disk. */
import type { RawClient } from '@kv/client/raw';
import { KvError } from '@kv/client/raw';
import { maintenanceService } from '@kv/proto/maintenance';
import { fromText, toBytes, type ByteString } from '../bytes.js';
import type { CommandContext, Configuration } from '../context.js';
import { ExitCode, ExitError } from '../exit.js';
import { rawErrorText } from '../global/error-text.js';
import { errnoText } from '../go/errno.js';
import type { Io } from '../io.js';
import { logLine } from '../log.js';
import { humanBytes } from '../print/text.js';
import { oneArgument } from './arguments.js';
import { Stopwatch } from './elapsed.js';
import { explicitTimeoutMs, limit } from './timeout.js';

const fs = process.getBuiltinModule('node:fs');

/** The server appends a digest to an image whose size is a multiple of the first. */
const sectorBytes = 512;
const digestBytes = 32;
const privateMode = 0o600;

export async function run(context: CommandContext): Promise<ExitCode> {
  const path = oneArgument(context.args, 'snapshot save expects one argument <filename>');
  const configuration = await context.configure();
  const timeout = limit(explicitTimeoutMs(context.flags, configuration.config));
  try {
    const version = await save(context.io, configuration, path, timeout.signal);
    context.io.stdout(`Snapshot saved at ${path}\n`);
    if (version !== '') context.io.stdout(`Server version ${version}\n`);
    return ExitCode.success;
  } catch (error) {
    throw interrupted(error);
  } finally {
    timeout.clear();
  }
}

/** Whatever goes wrong ends with the same code; what streams report is not shortened. */
function interrupted(error: unknown): ExitError {
  const text =
    error instanceof KvError
      ? rawErrorText(error)
      : error instanceof ExitError
        ? error.message
        : fromText(String(error));
  return new ExitError(ExitCode.interrupted, text, { cause: error });
}

/** The server's storage version, or nothing. */
async function save(
  io: Io,
  { config, connect }: Configuration,
  path: ByteString,
  signal: AbortSignal,
): Promise<ByteString> {
  const [endpoint, ...others] = config.endpoints;
  if (endpoint === undefined || others.length > 0) {
    throw failure(
      `snapshot must be requested to one selected node, not multiple [${config.endpoints.join(' ')}]`,
    );
  }
  const client = await connect([endpoint]);
  const partPath = `${path}.part`;
  const fd = attempt(
    () => fs.openSync(fileName(partPath), 'w', privateMode),
    (reason) => `could not open ${partPath} (open ${partPath}: ${reason})`,
  );
  try {
    log(io, 'created temporary db file', { path: partPath });
    const version = await fetch(io, client, endpoint, fd, signal);
    attempt(
      () => {
        fs.renameSync(fileName(partPath), fileName(path));
      },
      // Go looks first whether it is a folder, and says that it exists.
      (reason) =>
        `could not rename ${partPath} to ${path} (rename ${partPath} ${path}: ${reason === 'is a directory' ? 'file exists' : reason})`,
    );
    log(io, 'saved', { path });
    return version;
  } finally {
    fs.rmSync(fileName(partPath), { force: true });
  }
}

/** Writes the stream to the file, and closes it. */
async function fetch(
  io: Io,
  client: RawClient,
  endpoint: ByteString,
  fd: number,
  signal: AbortSignal,
): Promise<ByteString> {
  const stopwatch = new Stopwatch();
  let version = '';
  let size = 0;
  try {
    const stream = await client.stream(maintenanceService.snapshot, { signal });
    stream.send({});
    stream.finish();
    log(io, 'fetching snapshot', { endpoint });
    for await (const part of stream) {
      version = part.version === '' ? version : fromText(part.version);
      attempt(
        () => {
          writeFully(fd, part.blob);
        },
        (reason) => `could not write snapshot: ${reason}`,
      );
      size += part.blob.length;
    }
    if (size % sectorBytes !== digestBytes) {
      throw failure(`sha256 checksum not found [bytes: ${size}]`);
    }
    attempt(
      () => {
        fs.fsyncSync(fd);
      },
      (reason) => `could not fsync snapshot: ${reason}`,
    );
  } finally {
    fs.closeSync(fd);
  }
  const fields = {
    endpoint,
    size: humanBytes(BigInt(size)),
    took: stopwatch.elapsed(),
    'etcd-version': version,
  };
  log(io, 'fetched snapshot', fields);
  return version;
}

function writeFully(fd: number, bytes: Uint8Array): void {
  for (let offset = 0; offset < bytes.length;) offset += fs.writeSync(fd, bytes, offset);
}

function attempt<T>(work: () => T, explain: (reason: ByteString) => ByteString): T {
  try {
    return work();
  } catch (cause) {
    throw failure(explain(errnoText(cause)), cause);
  }
}

function failure(message: ByteString, cause?: unknown): ExitError {
  return new ExitError(ExitCode.interrupted, message, { cause });
}

function fileName(path: ByteString): Buffer {
  return Buffer.from(toBytes(path));
}

function log(io: Io, message: string, fields: Readonly<Record<string, string>>): void {
  io.stderr(logLine('info', message, fields));
}
