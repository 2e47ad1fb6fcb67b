/** A big store: load it, weigh it, restart it, count and read it. Time must grow with the number of keys and no faster. */
import { median } from './report.js';
import type { Program } from './program.js';
import { measure } from './tool.js';
import type { Tools } from './tool.js';

export interface BigStoreFigures {
  readonly loadPerSecond: number;
  readonly residentBytes: number;
  readonly residentAfterRestartBytes: number;
  readonly diskBytes: number;
  readonly restartMs: number;
  readonly countMs: number;
  readonly readAllMs: number;
}

/** `keys` distinct keys of 32 bytes with values of 256 bytes. */
export async function measureBigStore(
  tools: Tools,
  program: Program,
  keys: number,
): Promise<BigStoreFigures> {
  const total = String(keys);
  const load = await measure(tools, program, {
    name: `load ${total}`,
    args: [
      '--conns=10',
      '--clients=1000',
      'put',
      `--total=${total}`,
      `--key-space-size=${total}`,
      '--sequential-keys',
      '--key-size=32',
      '--val-size=256',
    ],
    writes: keys,
  });
  const residentBytes = program.residentBytes();
  const diskBytes = program.diskBytes();
  await program.stop();
  const restartMs = await program.start();
  const residentAfterRestartBytes = program.residentBytes();
  const all = ['--precise', 'range', '', '--prefix', '--consistency=s'];
  const count = await measure(tools, program, {
    name: 'count',
    args: [...all, '--count-only', '--total=20'],
    writes: 0,
  });
  const pages: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const figures = await measure(tools, program, {
      name: 'read all',
      args: [...all, '--paginate', '--total=1'],
      writes: 0,
    });
    // One request makes no distribution: its time is the inverse of the rate.
    pages.push(1000 / figures.requestsPerSecond);
  }
  return {
    loadPerSecond: load.requestsPerSecond,
    residentBytes,
    residentAfterRestartBytes,
    diskBytes,
    restartMs,
    countMs: count.p50Ms,
    readAllMs: median(pages),
  };
}
