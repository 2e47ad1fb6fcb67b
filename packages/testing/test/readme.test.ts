/**
 * Goal: what the README shows works as it stands. Method: its blocks of TypeScript are taken out, compiled against the types that users
 * see, and run: by vitest, by `node --test`, or as a plain program, as each one imports.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const packageDir = join(dirname(fileURLToPath(import.meta.url)), '..');
// Inside of the package, so that its own name leads to it; by another ending than that of its tests.
const folder = join(packageDir, 'test-results', 'readme');
const require = createRequire(import.meta.url);

interface Example {
  readonly file: string;
  readonly runner: 'vitest' | 'node:test' | 'plain';
  readonly source: string;
}

const examples: readonly Example[] = [
  ...readFileSync(join(packageDir, 'README.md'), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms),
].map(([, source = ''], n) => {
  const runner = (['vitest', 'node:test'] as const).find((name) => source.includes(`'${name}'`));
  return { file: `example-${n}.spec.ts`, runner: runner ?? 'plain', source };
});

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { file, source } of examples) writeFileSync(join(folder, file), source);
  const options = {
    extends: '../../tsconfig.test.json',
    compilerOptions: { rootDir: '.' },
    include: ['*.ts'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(options));
  writeFileSync(join(folder, 'vitest.config.mjs'), 'export default {};\n');
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a script of Node in the folder; rejects with what it printed when it fails. */
async function node(...args: readonly string[]): Promise<string> {
  const { stdout } = await run(process.execPath, args, { cwd: folder, timeout: 100_000 });
  return stdout;
}

function filesOf(runner: Example['runner']): readonly string[] {
  return examples.filter((example) => example.runner === runner).map(({ file }) => file);
}

test('there is an example for each runner', () => {
  expect(new Set(examples.map(({ runner }) => runner)).size).toBe(3);
});

test('the examples compile', { timeout: 90_000 }, async () => {
  await node(require.resolve('typescript/bin/tsc'), '-p', '.');
});

test('those for vitest pass', { timeout: 120_000 }, async () => {
  const files = filesOf('vitest');
  const vitest = join(dirname(require.resolve('vitest/package.json')), 'vitest.mjs');
  const printed = await node(vitest, 'run', '--root', '.', ...files);
  expect(printed).toMatch(new RegExp(`Tests .*${files.length} passed`));
});

test('those for node:test pass', { timeout: 90_000 }, async () => {
  const files = filesOf('node:test');
  const printed = await node('--test', '--test-reporter=tap', ...files);
  expect(printed).toContain(`# pass ${files.length}`);
});

test('plain programs run, and end', { timeout: 90_000 }, async () => {
  for (const file of filesOf('plain')) await node(file);
});
