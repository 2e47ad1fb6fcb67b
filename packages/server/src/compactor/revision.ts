/**
 * Keeps a number of revisions: every five minutes, compacts that many below the newest
 * (etcd v3.7.1 server/etcdserver/api/v3compactor/revision.go).
 */
import type { Timer } from '../clock.js';
import type { AutoCompactor, CompactorPorts } from './auto-compactor.js';

const INTERVAL_MS = 300_000;

export class RevisionCompactor implements AutoCompactor {
  readonly #ports: CompactorPorts;
  readonly #retention: number;
  #lastRevision = 0;
  #busy = false;
  #timer: Timer | undefined;

  /** `retention`: revisions to keep. */
  constructor(retention: number, ports: CompactorPorts) {
    this.#ports = ports;
    this.#retention = retention;
  }

  start(): void {
    this.#timer = this.#ports.clock.every(INTERVAL_MS, () => {
      this.#compactIfDue();
    });
  }

  close(): void {
    this.#timer?.cancel();
  }

  #compactIfDue(): void {
    const { currentRevision, isLeader, compact } = this.#ports;
    const target = currentRevision() - this.#retention;
    if (this.#busy || !isLeader() || target <= 0 || target === this.#lastRevision) return;
    this.#busy = true;
    compact(target, (compacted) => {
      this.#busy = false;
      if (compacted) this.#lastRevision = target;
    });
  }
}
