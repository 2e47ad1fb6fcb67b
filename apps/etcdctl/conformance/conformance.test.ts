/** kvctl against etcdctl 3.7.1: the same command lines against equal servers must look the same to a script. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { expectedDifferences } from './expected-differences.js';
import { invocations } from './invocations.js';
import { runHere } from './run-here.js';
import { observeAll, type Invocation, type Observation, type Program } from './runner.js';
import { Server, type ServerPorts } from './server.js';
import { writeTlsFiles } from './tls-files.js';

const reference = process.env['REF'] ?? join(homedir(), 'ref');
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const only = process.env['ONLY'];
const portsOfTheirs = { client: 21_290, peer: 21_291 };
const portsOfOurs = { client: 21_292, peer: 21_293 };

interface Setting {
  readonly title: string;
  /** Of both programs: kvctl and etcdctl are compared, not the servers. */
  readonly server: string;
  readonly list: readonly Invocation[];
}

const settings: readonly Setting[] = [
  { title: 'on etcd', server: join(reference, 'etcd'), list: invocations },
  {
    // It has neither users nor the JSON gateway: UNIMPLEMENTED must look the same, but what builds on it can not be asked.
    title: 'on our server',
    server: fileURLToPath(new URL('../../etcd/dist/main.js', import.meta.url)),
    list: invocations.filter(
      ({ before, needsUsers }) => before === undefined && needsUsers !== true,
    ),
  },
];

for (const { title, server, list } of settings) {
  const missing = [server, join(reference, 'etcdctl'), main].filter((path) => !existsSync(path));
  if (missing.length > 0) console.warn(`conformance ${title} skipped: no ${missing.join(', ')}`);

  test.skipIf(missing.length > 0)(
    `stdout, exit code and stderr equal those of etcdctl ${title}`,
    { timeout: 600_000 },
    async () => {
      const selected =
        only === undefined ? list : list.filter(({ name }) => new RegExp(only).test(name));
      await compare(title, server, selected);
    },
  );
}

async function compare(title: string, server: string, list: readonly Invocation[]): Promise<void> {
  const etcdctl = { command: join(reference, 'etcdctl'), prefix: [] };
  const kvctl = {
    command: process.execPath,
    prefix: [main],
    ...(process.env['PROCESSES'] === 'all' ? {} : { runHere }),
  };
  const [theirs, ours] = await Promise.all([
    observed(etcdctl, server, portsOfTheirs, list),
    observed(kvctl, server, portsOfOurs, list),
  ]);
  const unexpected = ours.flatMap((mine, i) => differences(theirs[i], mine));
  if (process.env['DUMP'] !== undefined)
    writeFileSync(process.env['DUMP'], JSON.stringify(unexpected, null, 1));
  console.log(`${title}: ${list.length} invocations, ${unexpected.length} unexpected differences`);
  expect(unexpected).toEqual([]);
}

/** Against a server of its own; both have the same identity, since their peer addresses are said to be the same. */
async function observed(
  program: Program,
  binary: string,
  ports: ServerPorts,
  list: readonly Invocation[],
): Promise<readonly Observation[]> {
  const folder = mkdtempSync(join(tmpdir(), 'kvctl-conformance-files-'));
  try {
    writeTlsFiles(folder);
    await using server = await Server.start(binary, ports);
    return await observeAll(program, { server, folder }, list);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Differences that are not expected, and expected ones that are not there any more. */
function differences(theirs: Observation | undefined, ours: Observation): unknown[] {
  const key = ours.name.replace(/^[0-9]+: /, '');
  const expected = expectedDifferences.get(key)?.fields ?? [];
  return (['stdout', 'stderr', 'exit'] as const)
    .filter((field) => (theirs?.[field] !== ours[field]) !== expected.includes(field))
    .map((field) => ({ name: ours.name, field, etcdctl: theirs?.[field], kvctl: ours[field] }));
}
