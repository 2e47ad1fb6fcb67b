/** The reference programs: found where `REF` or the home directory has them, or built by the script that builds them. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from './command.js';

export const root: string = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const version = '3.7.1';
const buildScript = join(root, '..', 'shared', 'reference', 'build.sh');
const buildMsMax = 15 * 60_000;

export interface Reference {
  readonly etcd: string;
  readonly benchmark: string;
}

function below(dir: string): Reference | undefined {
  const found = { etcd: join(dir, 'etcd'), benchmark: join(dir, 'benchmark') };
  return existsSync(found.etcd) && existsSync(found.benchmark) ? found : undefined;
}

/** Finds the reference or builds it; rejects with one line that says what to do. */
export async function findReference(say: (line: string) => void): Promise<Reference> {
  const dir = process.env['REF'] ?? join(homedir(), 'ref');
  if (below(dir) === undefined && existsSync(buildScript)) {
    say(`building etcd ${version} into ${dir} (about two minutes)`);
    await runCommand('bash', [buildScript], { timeoutMs: buildMsMax });
  }
  const found = below(dir);
  if (found === undefined) {
    throw new Error(
      `the reference is not in ${dir}: set REF to a folder with the programs etcd and benchmark (go.etcd.io/etcd/v3/tools/benchmark) of ${version}`,
    );
  }
  const printed = await runCommand(found.etcd, ['--version'], { timeoutMs: 10_000 });
  if (!printed.includes(`etcd Version: ${version}`)) {
    throw new Error(`${found.etcd} is not ${version}: ${printed.split('\n')[0] ?? ''}`);
  }
  return found;
}
