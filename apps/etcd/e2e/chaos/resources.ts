/** What the members take over time: resident memory, open files, and how long clients wait for them. From /proc, so on Linux only. */
import { readFileSync, readdirSync } from 'node:fs';
import type { ChaosCluster } from './chaos-cluster.js';
import type { History } from './history.js';

/** Of the members that run at that moment: the largest. Times in milliseconds, of the answers since the sample before. */
export interface Sample {
  readonly atMs: number;
  readonly residentMib: number;
  readonly descriptors: number;
  readonly answers: number;
  readonly medianMs: number;
  readonly p99Ms: number;
}

export class Sampler {
  readonly samples: Sample[] = [];
  readonly #cluster: ChaosCluster;
  readonly #history: History;
  #seen = 0;

  constructor(cluster: ChaosCluster, history: History) {
    this.#cluster = cluster;
    this.#history = history;
  }

  take(): void {
    const since = this.#history.operations.slice(this.#seen);
    this.#seen = this.#history.operations.length;
    const waits = since
      .filter(({ result }) => result.type !== 'unknown' && result.type !== 'refused')
      .map(({ invokedMs, returnedMs }) => returnedMs - invokedMs)
      .toSorted((a, b) => a - b);
    const pids = this.#cluster.members.filter((m) => m.isRunning).map((m) => m.process.pid);
    this.samples.push({
      atMs: performance.now(),
      residentMib: Math.max(0, ...pids.map(residentMib)),
      descriptors: Math.max(0, ...pids.map(descriptors)),
      answers: waits.length,
      medianMs: waits[Math.floor(waits.length / 2)] ?? 0,
      p99Ms: waits[Math.floor(waits.length * 0.99)] ?? 0,
    });
  }

  /** Median of one quantity in the second and the last third: the first one warms up. */
  trend(quantity: Exclude<keyof Sample, 'atMs'>): {
    readonly middle: number;
    readonly end: number;
  } {
    const third = Math.floor(this.samples.length / 3);
    const medianOf = (part: readonly Sample[]): number => {
      const sorted = part.map((sample) => sample[quantity]).toSorted((a, b) => a - b);
      return sorted[Math.floor(sorted.length / 2)] ?? 0;
    };
    return {
      middle: medianOf(this.samples.slice(third, 2 * third)),
      end: medianOf(this.samples.slice(2 * third)),
    };
  }
}

/** 0 for a process that ends just now. */
function residentMib(pid: number): number {
  try {
    const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kib ?? 0) / 1024;
  } catch {
    return 0;
  }
}

function descriptors(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}
