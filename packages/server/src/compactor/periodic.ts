/**
 * Keeps the history of a period: remembers the revision at regular moments, and compacts at the one of a period ago
 * (etcd v3.7.1 server/etcdserver/api/v3compactor/periodic.go).
 */
import type { Timer } from '../clock.js';
import type { AutoCompactor, CompactorPorts } from './auto-compactor.js';

const HOUR_MS = 3_600_000;
const SAMPLES_PER_INTERVAL = 10;

export class PeriodicCompactor implements AutoCompactor {
  readonly #ports: CompactorPorts;
  /** Between two compactions: the period, an hour at most. */
  readonly #intervalMs: number;
  readonly #stepMs: number;
  readonly #samplesMax: number;
  /** Revisions, oldest first; the first is that of about a period ago once there are enough. */
  #samples: number[] = [];
  #lastRevision = 0;
  #lastMs = 0;
  /** Until the first attempt the wait is a whole period. */
  #waitMs: number;
  #busy = false;
  #timer: Timer | undefined;

  constructor(periodMs: number, ports: CompactorPorts) {
    this.#ports = ports;
    this.#intervalMs = Math.min(periodMs, HOUR_MS);
    this.#stepMs = this.#intervalMs / SAMPLES_PER_INTERVAL;
    this.#samplesMax = Math.floor(periodMs / this.#stepMs) + 1;
    this.#waitMs = periodMs;
  }

  start(): void {
    this.#lastMs = this.#ports.clock.monotonicMs();
    this.#sample();
    this.#timer = this.#ports.clock.every(this.#stepMs, () => {
      this.#step();
    });
  }

  close(): void {
    this.#timer?.cancel();
  }

  #sample(): void {
    this.#samples.push(this.#ports.currentRevision());
    if (this.#samples.length > this.#samplesMax) this.#samples.shift();
  }

  #step(): void {
    this.#compactIfDue();
    this.#sample();
  }

  #compactIfDue(): void {
    const { clock, isLeader, compact } = this.#ports;
    const nowMs = clock.monotonicMs();
    const oldest = this.#samples[0];
    if (this.#busy || !isLeader() || oldest === undefined) return;
    if (nowMs - this.#lastMs < this.#waitMs || oldest === this.#lastRevision) return;
    this.#busy = true;
    this.#waitMs = this.#intervalMs;
    compact(oldest, (compacted) => {
      this.#busy = false;
      if (!compacted) return;
      this.#lastRevision = oldest;
      this.#lastMs = nowMs;
    });
  }
}
