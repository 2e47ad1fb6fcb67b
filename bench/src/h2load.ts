/** nghttp2's h2load: the lightest of the load generators, so that two cores measure the server and not the client. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './command.js';
import type { Sample } from './comparison.js';
import { elapsedMs, parseRequestLog, tailOf } from './request-log.js';
import type { RequestLog } from './request-log.js';
import { framed } from './rpc-client.js';
import { inFlight } from './shape.js';
import type { Shape } from './shape.js';

const runMsMax = 120_000;

/** What h2load says of one run. */
export interface H2loadSummary {
  readonly succeeded: number;
  /** Anything that was asked for and is not among those that succeeded with a status of 2xx. */
  readonly others: number;
  /** Bytes of all DATA frames: the gRPC messages with their heads of five bytes. */
  readonly dataBytes: number;
}

/** Undefined when the text is no summary. */
export function parseH2load(output: string): H2loadSummary | undefined {
  const number = (pattern: RegExp): number => Number(pattern.exec(output)?.[1] ?? Number.NaN);
  const total = number(/^requests: (\d+) total/m);
  const succeeded = number(/^requests: .* (\d+) succeeded/m);
  const ok = number(/^status codes: (\d+) 2xx/m);
  const dataBytes = number(/^traffic: .* (?:[\d.]+[A-Z]*B) \((\d+)\) data/m);
  const known = [total, succeeded, ok, dataBytes].every((n) => !Number.isNaN(n));
  return known ? { succeeded, others: total - Math.min(succeeded, ok), dataBytes } : undefined;
}

export interface H2loadRun {
  readonly endpoint: string;
  /** `:path` of the method. */
  readonly path: string;
  /** The request that every call sends. */
  readonly message: Uint8Array;
  readonly shape: Shape;
  readonly requests: number;
}

export interface H2loadResult {
  readonly requests: number;
  readonly dataBytes: number;
  readonly log: RequestLog;
}

/** Makes the requests, in full rounds of the shape. Rejects when one of them did not get 200. */
export async function runH2load(run: H2loadRun): Promise<H2loadResult> {
  const { connections, streams } = run.shape;
  const requests = roundUp(run.requests, inFlight(run.shape));
  const dir = mkdtempSync(join(tmpdir(), 'kv-h2load-'));
  try {
    const [body, log] = [join(dir, 'body'), join(dir, 'log')];
    writeFileSync(body, framed(run.message));
    const args = [
      `--clients=${String(connections)}`,
      `--max-concurrent-streams=${String(streams)}`,
      `--requests=${String(requests)}`,
      `--data=${body}`,
      `--log-file=${log}`,
      '--header=content-type: application/grpc',
      '--header=te: trailers',
      `http://${run.endpoint}${run.path}`,
    ];
    const output = await runCommand('h2load', args, { timeoutMs: runMsMax });
    const summary = parseH2load(output);
    if (summary?.others !== 0 || summary.succeeded !== requests) {
      throw new Error(`h2load ${run.path}: not all of ${String(requests)} succeeded:\n${output}`);
    }
    return {
      requests,
      dataBytes: summary.dataBytes,
      log: parseRequestLog(readFileSync(log, 'latin1')),
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Rate and latencies of a run: without the time that h2load takes to connect. */
export function sampleOf({ requests, log }: H2loadResult): Sample {
  const { p50Ms, p99Ms } = tailOf(log.durationMs);
  return { perSecond: (requests / elapsedMs(log)) * 1000, p50Ms, p99Ms };
}

const roundUp = (count: number, step: number): number => Math.ceil(count / step) * step;
