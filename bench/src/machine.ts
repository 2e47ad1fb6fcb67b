/** What the measurements run on. Figures without it say nothing. */
import { statfsSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os';

/** From linux/magic.h: file systems that keep everything in memory, where a sync to disk costs nothing. */
const memoryFileSystems: readonly number[] = [0x01021994, 0x858458f6];

export function loadAverage(): string {
  return (loadavg()[0] ?? Number.NaN).toFixed(2);
}

/** Lines for the head of the report. */
export function describeMachine(): string[] {
  const cores = cpus();
  const gibibytes = Math.round(totalmem() / 2 ** 30);
  const lines = [
    `${String(cores.length)} cores (${cores[0]?.model.trim() ?? 'unknown'}), ${String(gibibytes)} GiB, Linux ${release()}, Node ${process.versions.node}`,
    `load average at the start: ${loadAverage()}`,
  ];
  if (memoryFileSystems.includes(statfsSync(tmpdir()).type)) {
    lines.push(
      `**${tmpdir()} is in memory: syncs cost nothing here, so writes say little. Set TMPDIR to a disk.**`,
    );
  }
  return lines;
}
