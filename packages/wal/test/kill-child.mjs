// Appends and syncs for ever, and says after each sync what is promised. Killed by node-disk.test.ts.
import { Wal } from '../dist/index.js';

const [directory = ''] = process.argv.slice(2);
const { wal } = await Wal.open(directory, { segmentBytes: 200_000 });
for (;;) {
  const first = wal.lastIndex + 1;
  const count = 1 + (first % 7);
  const entries = Array.from({ length: count }, (_, i) => ({
    term: 1,
    index: first + i,
    type: 'normal',
    data: new Uint8Array((first * 131) % 3000).fill(first % 256),
  }));
  wal.append({ entries, hardState: { term: 1, vote: 0n, commit: first - 1 } });
  if (first % 2 === 0 || !wal.syncNow()) await wal.sync();
  process.stdout.write(`${wal.lastIndex}\n`);
}
