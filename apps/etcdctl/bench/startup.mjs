/**
 * How long short commands take from spawn to exit: node bench/startup.mjs [endpoint]. Beside kvctl: an empty Node program, which nothing can go
 * below, and etcdctl where REF names it. Median and least of 40 runs, after 5 to fill the cache; run it on a quiet machine.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const endpoint = process.argv[2] ?? '127.0.0.1:2379';
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const etcdctl = join(process.env['REF'] ?? join(homedir(), 'ref'), 'etcdctl');
const put = [`--endpoints=${endpoint}`, 'put', 'startup', 'x'];

const programs = [
  ['an empty program', process.execPath, ['-e', '']],
  ['kvctl version', process.execPath, [main, 'version']],
  ['kvctl put', process.execPath, [main, ...put]],
  [
    'kvctl get -w json',
    process.execPath,
    [main, `--endpoints=${endpoint}`, 'get', 'startup', '-w', 'json'],
  ],
  ...(existsSync(etcdctl) ? [['etcdctl put', etcdctl, put]] : []),
];
for (const [name, command, args] of programs) {
  const times = [];
  for (let i = 0; i < 45; i++) {
    const start = performance.now();
    const { status } = spawnSync(command, args, { stdio: 'ignore' });
    if (status !== 0) throw new Error(`${name} failed with ${status}`);
    if (i >= 5) times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  console.log(
    `${name.padEnd(20)} median ${times[20].toFixed(1)} ms   least ${times[0].toFixed(1)} ms`,
  );
}
