/** kvctl against etcdctl 3.7.1: the same command lines against equal servers must look the same to a script. */
import { existsSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { expectedDifferences } from './expected-differences.js';
import { invocations } from './invocations.js';
import { observeAll, type Observation } from './runner.js';
import { Server } from './server.js';

const reference = process.env['REF'] ?? join(homedir(), 'ref');
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
/** Our server instead of etcd's, for both programs: SERVER=ours. */
const serverPath =
  process.env['SERVER'] === 'ours'
    ? fileURLToPath(new URL('../../etcd/dist/main.js', import.meta.url))
    : join(reference, 'etcd');
const ports = { client: 21_290, peer: 21_291 };
const missing = [serverPath, join(reference, 'etcdctl'), main].filter((path) => !existsSync(path));
const only = process.env['ONLY'];

if (missing.length > 0) console.warn(`conformance skipped: no ${missing.join(', ')}`);

test.skipIf(missing.length > 0)(
  'stdout, exit code and stderr equal those of etcdctl',
  { timeout: 600_000 },
  async () => {
    const list =
      only === undefined
        ? invocations
        : invocations.filter(({ name }) => new RegExp(only).test(name));
    const observations: Observation[][] = [];
    for (const program of [
      { command: join(reference, 'etcdctl'), prefix: [] },
      { command: process.execPath, prefix: [main] },
    ]) {
      await using server = await Server.start(serverPath, ports);
      observations.push(await observeAll(program, server.endpoint, list));
    }
    const [theirs = [], ours = []] = observations;
    const unexpected = ours.flatMap((mine, i) => differences(theirs[i], mine));
    if (process.env['DUMP'] !== undefined)
      writeFileSync(process.env['DUMP'], JSON.stringify(unexpected, null, 1));
    console.log(`${list.length} invocations, ${unexpected.length} unexpected differences`);
    expect(unexpected).toEqual([]);
  },
);

function differences(theirs: Observation | undefined, ours: Observation): unknown[] {
  const key = ours.name.replace(/^[0-9]+: /, '');
  const expected = expectedDifferences.get(key)?.fields ?? [];
  return (['stdout', 'stderr', 'exit'] as const)
    .filter((field) => theirs?.[field] !== ours[field] && !expected.includes(field))
    .map((field) => ({ name: ours.name, field, etcdctl: theirs?.[field], kvctl: ours[field] }));
}
