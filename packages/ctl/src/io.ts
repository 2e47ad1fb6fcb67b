/** The process's streams as commands see them, and the real ones on file descriptors. */
import type { ByteString } from './bytes.js';

/** Ports of a run. Writes are in order and done when they return. */
export interface Io {
  stdout(bytes: ByteString | Uint8Array): void;
  stderr(bytes: ByteString): void;
  /** All of standard input, to its end. */
  readAll(): Uint8Array;
  /** One line with its newline; without one at the end of input, where the rest may be empty. Blocks. */
  readLine(): ByteString;
  /** Asks on standard output and reads a line; without echo where standard input is a terminal. */
  readSecret(prompt: ByteString): ByteString;
  /** Lines as they arrive, without blocking the process. Not to be mixed with the other two. */
  lines(): AsyncIterable<ByteString>;
  /** Calls back once, at the first of these signals. A later one ends the process, as if nobody listened. */
  onStop(signals: readonly StopSignal[], listener: () => void): void;
  /** Whether standard error is a terminal, on which a line may be drawn again. */
  readonly drawsProgress: boolean;
}

/** Signals with which users ask a program to end. */
export type StopSignal = 'SIGINT' | 'SIGTERM';

/** The reader of our output is gone: nothing left to do, and nothing to say. */
export class OutputClosed extends Error {
  override readonly name: string = 'OutputClosed';
}

// Not imported: the import of a Node module touches each of its exports, which for `fs` loads streams, readline and more (8 ms).
const fs = process.getBuiltinModule('node:fs');

const chunkBytes = 64 * 1024;
const newline = 0x0a;

export function processIo(): Io {
  const input = new StandardInput();
  return {
    stdout: (bytes) => {
      writeFully(1, typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    },
    stderr: (bytes) => {
      writeFully(2, Buffer.from(bytes, 'latin1'));
    },
    readAll: () => input.all(),
    readLine: () => input.line(),
    readSecret: (prompt) => {
      if (process.getBuiltinModule('node:tty').isatty(0)) return readWithoutEcho(prompt);
      writeFully(1, Buffer.from(prompt, 'latin1'));
      return input.line();
    },
    lines: () => input.lines(),
    onStop,
    get drawsProgress() {
      return process.getBuiltinModule('node:tty').isatty(2);
    },
  };
}

/** Writes everything, also to a pipe that is full or that somebody has made non-blocking. Throws `OutputClosed`. */
function writeFully(fd: number, bytes: Uint8Array): void {
  for (let offset = 0; offset < bytes.length;) {
    try {
      offset += fs.writeSync(fd, bytes, offset);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') throw new OutputClosed('output closed', { cause: error });
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

function onStop(signals: readonly StopSignal[], listener: () => void): void {
  const stop = (): void => {
    for (const signal of signals) process.off(signal, stop);
    listener();
  };
  for (const signal of signals) process.on(signal, stop);
}

class StandardInput {
  #pending: Buffer = Buffer.alloc(0);
  #isEnded = false;

  all(): Uint8Array {
    const parts = [this.#pending];
    for (let part = this.#read(); part !== undefined; part = this.#read()) parts.push(part);
    return Buffer.concat(parts);
  }

  line(): ByteString {
    for (;;) {
      const at = this.#pending.indexOf(newline);
      if (at >= 0) return this.#take(at + 1);
      const part = this.#read();
      if (part === undefined) return this.#take(this.#pending.length);
      this.#pending = Buffer.concat([this.#pending, part]);
    }
  }

  #take(length: number): ByteString {
    const line = this.#pending.subarray(0, length).toString('latin1');
    this.#pending = this.#pending.subarray(length);
    return line;
  }

  #read(): Buffer | undefined {
    if (this.#isEnded) return undefined;
    const chunk = Buffer.allocUnsafe(chunkBytes);
    const length = readSomething(chunk);
    if (length > 0) return chunk.subarray(0, length);
    this.#isEnded = true;
    return undefined;
  }

  async *lines(): AsyncGenerator<ByteString, void, undefined> {
    for await (const chunk of process.stdin) {
      this.#pending = Buffer.concat([this.#pending, chunk as Buffer]);
      for (let at = this.#pending.indexOf(newline); at >= 0; at = this.#pending.indexOf(newline)) {
        yield this.#take(at + 1);
      }
    }
  }
}

/** Bytes read; 0 at the end. A non-blocking input is waited for; a closed one is empty. */
function readSomething(chunk: Buffer): number {
  for (;;) {
    try {
      return fs.readSync(0, chunk);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EOF' || code === 'EBADF' || code === 'EISDIR') return 0;
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/**
 * Echo belongs to the terminal, not to a process: it must come back also when a signal ends us. We wait for the line without running anything, so the
 * shell that waits with us has to see to that. It asks once the echo is off: what is typed early must not show.
 */
const hiddenRead = `
  trap 'stty echo; exit 130' INT TERM HUP
  stty -echo
  printf %s "$1" >&3
  IFS= read -r line
  stty echo
  printf '%s\\n' "$line"
`;

function readWithoutEcho(prompt: ByteString): ByteString {
  const { stdout } = process
    .getBuiltinModule('node:child_process')
    .spawnSync('sh', ['-c', hiddenRead, 'sh', Buffer.from(prompt, 'latin1').toString()], {
      stdio: ['inherit', 'pipe', 'ignore', 1],
    });
  return stdout.toString('latin1');
}
