/** `Logger` with etcd's lines. */
import type { LoggingConfig } from '../config/daemon-config.js';
import type { LogFields, Logger, LogLevel } from '../logger.js';
import { consoleLine, jsonLine } from './line.js';
import { LogSampler } from './sampler.js';
import { openSink } from './sink.js';
import type { LogSink } from './sink.js';

/** Severity; zap has a level between error and panic that nobody logs at. */
const severity: Readonly<Record<LoggingConfig['level'], number>> = {
  debug: 0,
  info: 1,
  warn: 2,
  error: 3,
  dpanic: 4,
  panic: 5,
  fatal: 6,
};

interface Place {
  readonly caller: string;
  readonly stack: string;
}

/** Frames of this function and of `log`, which are of no interest. */
const OWN_FRAMES = 2;

/** Where the line is written: folder and file only, as zap shortens them; `dist` says nothing and is left out. */
function placeOf(): Place {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder);
  const frames = (holder.stack ?? '').split('\n').slice(1 + OWN_FRAMES);
  return {
    caller: shortPlace(frames[0] ?? ''),
    stack: frames.map((frame) => frame.trim()).join('\n'),
  };
}

/** `etcd/main.js:33` out of `at run (file:///app/etcd/dist/main.js:33:12)`. */
export function shortPlace(frame: string): string {
  const place = /([^(\s]+:\d+):\d+\)?$/.exec(frame)?.[1];
  if (place === undefined) return 'unknown';
  const parts = place.split(/[/\\]/).filter((part) => part !== 'dist' && part !== 'src');
  return parts.slice(-2).join('/');
}

class LineLogger implements Logger {
  readonly #least: number;
  readonly #format: LoggingConfig['format'];
  readonly #sink: LogSink;
  readonly #sampler = new LogSampler();

  constructor(config: LoggingConfig, sink: LogSink) {
    this.#least = severity[config.level];
    this.#format = config.format;
    this.#sink = sink;
  }

  enabled(level: LogLevel): boolean {
    return severity[level] >= this.#least;
  }

  log(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (!this.enabled(level)) return;
    if (!this.#sampler.admits(level, message, performance.now())) return;
    const { caller, stack } = placeOf();
    const line = {
      ...{ level, timeMs: performance.timeOrigin + performance.now(), caller, message, fields },
      stack: severity[level] >= severity.error ? stack : undefined,
    };
    this.#sink.write(this.#format === 'json' ? jsonLine(line) : consoleLine(line));
  }
}

/** A logger as `--log-level`, `--log-format` and `--log-outputs` ask for. Throws when an output can not be opened. */
export function openLogger(config: LoggingConfig): Logger {
  return new LineLogger(config, openSink(config.outputs));
}

/** The same with a sink of one's own. */
export function loggerTo(config: LoggingConfig, sink: LogSink): Logger {
  return new LineLogger(config, sink);
}
