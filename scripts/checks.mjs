// Everything of `pnpm verify` that is not a test: format, lint, types of tests and benchmarks, and the packed packages.
// Stops at nothing, reports all, exits 1 if anything failed.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeBin, pnpmScript, root, toolchainEnv } from './toolchain.mjs';
import { packageDirs } from './workspace-state.mjs';

function run(args, cwd = root) {
  const result = spawnSync(nodeBin, [pnpmScript, ...args], {
    cwd,
    env: toolchainEnv(),
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  return { ok: result.status === 0, output: `${result.stdout}${result.stderr}` };
}

const failures = [];
function check(title, args, cwd) {
  const { ok, output } = run(args, cwd);
  process.stdout.write(`${ok ? 'ok  ' : 'FAIL'} ${title}\n`);
  if (!ok) {
    process.stdout.write(`${output}\n`);
    failures.push(title);
  }
  return ok;
}

/** Packs each published package and lets publint and attw look at the tarball that a stranger would install. */
function checkPackages() {
  const folder = mkdtempSync(join(tmpdir(), 'kv-packed-'));
  try {
    for (const dir of packageDirs(root)) {
      const manifest = JSON.parse(readFileSync(join(root, dir, 'package.json'), 'utf8'));
      if (manifest.private) continue;
      const target = join(folder, manifest.name.replace('/', '-'));
      if (
        !check(`pack ${manifest.name}`, ['pack', '--pack-destination', target], join(root, dir))
      ) {
        continue;
      }
      const tarball = join(target, readdirSync(target)[0]);
      check(`publint ${manifest.name}`, ['exec', 'publint', 'run', tarball, '--strict']);
      if (manifest.exports !== undefined) {
        check(`attw ${manifest.name}`, ['exec', 'attw', '--profile', 'esm-only', tarball]);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

check('format', ['exec', 'prettier', '--check', '.']);
check('build', ['exec', 'turbo', 'run', 'build', '--output-logs=errors-only']);
check('types', ['exec', 'turbo', 'run', 'types', '--output-logs=errors-only']);
check('lint', ['exec', 'eslint', '.']);
checkPackages();

if (failures.length > 0) {
  process.stdout.write(`${String(failures.length)} checks failed: ${failures.join(', ')}\n`);
  process.exit(1);
}
