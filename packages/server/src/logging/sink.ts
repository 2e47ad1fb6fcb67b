/** Where lines go: the standard streams and files, written at once, so that the last line before an exit is there. */
import { closeSync, openSync, writeSync } from 'node:fs';

export interface LogSink {
  /** Writes a whole line. What can not be written (closed pipe, full disk) is dropped: a log never stops a server. */
  write(line: string): void;
  close(): void;
}

const STDOUT = 1;
const STDERR = 2;
/** A pipe whose reader does not keep up says EAGAIN; more patience than this would be a turn of the loop too long. */
const RETRIES_MAX = 50;

function writeAll(descriptor: number, line: string): void {
  let rest = Buffer.from(line);
  for (let retries = 0; rest.length > 0 && retries < RETRIES_MAX;) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      if (!isAgain(error)) return;
      retries += 1;
    }
  }
}

function isAgain(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN';
}

/** A path that can not be opened, in the words of etcd. */
function openPath(path: string): number {
  try {
    return openSync(path, 'a', 0o644);
  } catch (error) {
    throw new Error(`open sink "${path}": ${systemText('open', path, error)}`, { cause: error });
  }
}

/** `open /nope/x: no such file or directory`, as Go words what the system said. */
export function systemText(operation: string, path: string, error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  const reason = /^[A-Z0-9]+: ([^,]*)/.exec(said)?.[1] ?? said;
  return `${operation} ${path}: ${reason}`;
}

/** Opens the outputs of `--log-outputs`. Throws an error that names the path. `/dev/null` anywhere discards everything. */
export function openSink(outputs: readonly string[]): LogSink {
  if (outputs.includes('/dev/null')) return { write: () => undefined, close: () => undefined };
  const opened: number[] = [];
  const descriptors = outputs.map((output) => {
    if (output === 'default' || output === 'stderr') return STDERR;
    if (output === 'stdout') return STDOUT;
    const descriptor = openPath(output);
    opened.push(descriptor);
    return descriptor;
  });
  return {
    write(line) {
      for (const descriptor of descriptors) writeAll(descriptor, line);
    },
    close() {
      for (const descriptor of opened.splice(0)) closeSync(descriptor);
    },
  };
}
