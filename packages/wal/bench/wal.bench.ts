/**
 * Throughput of append + sync by batch size, and of reading it back: `pnpm bench` (after `pnpm build`), optionally
 * with a folder on the disk to measure. Not measured: other load on the disk, several logs at once, other file systems.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toIndex, toNodeId, toTerm, type Entry } from '@kv/raft';
import { readLog, Wal } from '@kv/wal';

const DATA_BYTES = 330;
const DURATION_MS = 2000;
const [folder = tmpdir()] = process.argv.slice(2);

async function measure(batchSize: number): Promise<void> {
  const root = mkdtempSync(join(folder, 'kv-wal-bench-'));
  const directory = join(root, 'wal');
  try {
    const wal = await Wal.create(directory, new Uint8Array(20));
    const data = new Uint8Array(DATA_BYTES).fill(7);
    const latencies: number[] = [];
    let appendMs = 0;
    const started = performance.now();
    while (performance.now() - started < DURATION_MS) {
      const first = wal.lastIndex + 1;
      const entries: Entry[] = [];
      for (let i = 0; i < batchSize; i++) {
        entries.push({ term: toTerm(1), index: toIndex(first + i), type: 'normal', data });
      }
      const before = performance.now();
      wal.append({
        entries,
        hardState: { term: toTerm(1), vote: toNodeId(1n), commit: toIndex(first - 1) },
      });
      const appended = performance.now();
      await wal.sync();
      appendMs += appended - before;
      latencies.push(performance.now() - before);
    }
    const seconds = (performance.now() - started) / 1000;
    const count = wal.lastIndex;
    const megabytes = wal.bytesWritten / 1e6;
    await wal.close();
    latencies.sort((a, b) => a - b);
    const quantile = (q: number): string =>
      ((latencies[Math.floor(latencies.length * q)] ?? 0) * 1000).toFixed(0);
    const beforeRead = performance.now();
    readLog(directory);
    const readSeconds = (performance.now() - beforeRead) / 1000;
    console.log(
      [
        String(batchSize).padStart(6),
        Math.round(count / seconds)
          .toLocaleString('en')
          .padStart(12),
        (megabytes / seconds).toFixed(0).padStart(7),
        quantile(0.5).padStart(8),
        quantile(0.99).padStart(8),
        ((appendMs * 1e6) / count).toFixed(0).padStart(10),
        Math.round(count / readSeconds)
          .toLocaleString('en')
          .padStart(14),
      ].join(''),
    );
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

console.log(` batch   entries/s   MB/s  p50 µs  p99 µs  ns/append  entries/s read`);
for (const batchSize of [1, 10, 100, 1000, 5000]) await measure(batchSize);
