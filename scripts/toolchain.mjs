// The Node and pnpm that this workspace builds and runs on, installed from npm into .toolchain/ when absent.
// Runs on any Node >= 20 and uses nothing but npm, so that a fresh clone needs only git, npm and some Node.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const NODE_VERSION = '26.10.0';
export const PNPM_VERSION = '12.21.0';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const toolchainDir = join(root, '.toolchain');
const stampFile = join(toolchainDir, 'stamp');
const stamp = `node ${NODE_VERSION} pnpm ${PNPM_VERSION} ${process.platform}-${process.arch}\n`;

export const nodeBin = join(toolchainDir, 'node_modules', 'node', 'bin', 'node');
export const pnpmScript = join(toolchainDir, 'node_modules', 'pnpm', 'bin', 'pnpm.mjs');

/** Installs the toolchain unless the stamp says that it is there. Takes about ten seconds the first time. */
export function ensureToolchain() {
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  process.stderr.write(
    `Installing Node ${NODE_VERSION} and pnpm ${PNPM_VERSION} into .toolchain ...\n`,
  );
  rmSync(toolchainDir, { recursive: true, force: true });
  mkdirSync(toolchainDir, { recursive: true });
  // A package of its own, so that npm does not take the workspace's package.json for the place to install to.
  writeFileSync(join(toolchainDir, 'package.json'), '{ "private": true }\n');
  execFileSync(
    'npm',
    [
      'install',
      '--prefix',
      toolchainDir,
      '--no-save',
      '--no-package-lock',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      `node@${NODE_VERSION}`,
      `pnpm@${PNPM_VERSION}`,
    ],
    { cwd: toolchainDir, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  writeFileSync(stampFile, stamp);
}

/** The environment in which everything of the workspace runs: our Node first on PATH. */
export function toolchainEnv() {
  return {
    ...process.env,
    PATH: `${dirname(nodeBin)}:${join(toolchainDir, 'node_modules', '.bin')}:${process.env.PATH ?? ''}`,
    TURBO_TELEMETRY_DISABLED: '1',
    DO_NOT_TRACK: '1',
  };
}
