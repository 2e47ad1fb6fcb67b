/** Where a scenario's output goes, with the levels at which it can be silenced. */
import { levels, type Level, type LogLine } from './describe-event.js';

export class Output {
  #level: Level = 'DEBUG';
  #text = '';

  get level(): Level {
    return this.#level;
  }

  set level(level: Level) {
    this.#level = level;
  }

  /** At the highest level nothing is written, but errors are still returned. */
  get quiet(): boolean {
    return this.#level === 'NONE';
  }

  write(text: string): void {
    if (!this.quiet) this.#text += text;
  }

  log({ level, text }: LogLine): void {
    if (levels.indexOf(this.#level) <= levels.indexOf(level)) this.write(`${level} ${text}\n`);
  }

  /** Runs `body` and indents what it writes. */
  indented(body: () => void): void {
    const before = this.#text;
    this.#text = '';
    try {
      body();
    } finally {
      const lines = this.#text.split('\n');
      if (lines[lines.length - 1] === '') lines.pop();
      this.#text = before + lines.map((line) => `  ${line}\n`).join('');
    }
  }

  /** What was written since the last call. */
  take(): string {
    const text = this.#text;
    this.#text = '';
    return text;
  }
}
