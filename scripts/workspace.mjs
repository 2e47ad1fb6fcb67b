// The root commands on a machine that has only git, npm and some Node >= 20:
//   npm start [-- flags]   install, build, run one member on 127.0.0.1:2379
//   npm test               install, build, run every test; ends with "N passed, N failed"
//   npm run build          install and build
//   npm run bench          install, build, compare with the reference
//   npm run sim [-- flags] install, build, simulate a cluster from a seed
// Each step is skipped when nothing changed since it last ran, so the second run is quick.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprintOf, sumTestResults } from './workspace-state.mjs';
import { ensureToolchain, nodeBin, pnpmScript, root, toolchainEnv } from './toolchain.mjs';

const installStamp = join(root, 'node_modules', '.kv-install-stamp');
const buildStamp = join(root, 'node_modules', '.kv-build-stamp');

/** Runs pnpm in the workspace and returns its exit code. */
function pnpm(args, options = {}) {
  const result = spawnSync(nodeBin, [pnpmScript, ...args], {
    cwd: root,
    env: toolchainEnv(),
    stdio: 'inherit',
    ...options,
  });
  if (result.error) throw result.error;
  return result;
}

/** Runs a step unless its stamp equals the fingerprint of what it depends on. */
function step(title, stampFile, fingerprint, run) {
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === fingerprint) return;
  process.stderr.write(`${title} ...\n`);
  const result = run();
  if (result.status !== 0) {
    process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}\n${title} failed.\n`);
    process.exit(result.status ?? 1);
  }
  writeFileSync(stampFile, fingerprint);
}

const quiet = { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', maxBuffer: 1 << 26 };

function build() {
  ensureToolchain();
  step('Installing dependencies', installStamp, fingerprintOf(root, 'install'), () =>
    pnpm(['install', '--frozen-lockfile'], quiet),
  );
  step('Building', buildStamp, fingerprintOf(root, 'build'), () =>
    pnpm(['exec', 'turbo', 'run', 'build', '--output-logs=errors-only'], quiet),
  );
}

/** Replaces this process, as far as Node can: passes signals on, ends as the child ends. */
function become(command, args, env) {
  const child = spawn(command, args, { cwd: root, env, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('exit', (code, signal) => {
    process.exit(signal === null ? (code ?? 1) : 128);
  });
}

function start(args) {
  build();
  const named = (name) => args.some((a) => a === `--${name}` || a.startsWith(`--${name}=`));
  const configured = named('data-dir') || named('config-file') || 'ETCD_DATA_DIR' in process.env;
  const defaults = configured ? [] : ['--data-dir', join(root, 'data', 'default.etcd')];
  const env = { ...process.env, KV_START_BANNER: '1' };
  become(join(root, 'bin', 'etcd'), [...defaults, ...args], env);
}

function test(args) {
  build();
  const result = pnpm(['exec', 'turbo', 'run', 'test', '--continue', '--concurrency=2', ...args]);
  const { passed, failed, skipped } = sumTestResults(root);
  const skips = skipped > 0 ? `, ${skipped} skipped` : '';
  process.stdout.write(`${passed} passed, ${failed} failed${skips}\n`);
  process.exit(result.status !== 0 || failed > 0 || passed === 0 ? 1 : 0);
}

const [command, ...args] = process.argv.slice(2);
switch (command) {
  case 'start':
    start(args);
    break;
  case 'test':
    test(args);
    break;
  case 'build':
    build();
    break;
  case 'bench':
    build();
    become(nodeBin, [join(root, 'bench', 'dist', 'main.js'), ...args], toolchainEnv());
    break;
  case 'sim':
    build();
    become(
      nodeBin,
      [join(root, 'packages', 'server', 'dist', 'sim', 'main.js'), ...args],
      toolchainEnv(),
    );
    break;
  default:
    process.stderr.write(
      'usage: node scripts/workspace.mjs start|test|build|bench|sim [arguments]\n',
    );
    process.exit(2);
}
