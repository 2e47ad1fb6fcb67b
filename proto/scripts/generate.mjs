// Turns the .proto files into src/gen: buf compiles, ts-proto (local, no network) writes TypeScript. Two runs, because proto2
// and proto3 need different options (see the two templates).
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asGo } from './as-go.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(import.meta.url);

/**
 * The launcher of @bufbuild/buf. It finds the binary in the optional package of this platform by itself, so neither an install script nor
 * node_modules/.bin is needed.
 */
const buf = join(dirname(require.resolve('@bufbuild/buf/package.json')), 'bin', 'buf');

function run(args) {
  const { status, error } = spawnSync(process.execPath, [buf, ...args], {
    cwd: root,
    stdio: 'inherit',
    // The templates start ts-proto with `node`: the same one that runs this script.
    env: {
      ...process.env,
      PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`,
    },
  });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

function filesBelow(folder, ending) {
  return readdirSync(join(root, folder), { recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name));
}

const proto2 = filesBelow('etcd', '.proto').filter((path) =>
  /^syntax = "proto2";$/m.test(readFileSync(join(root, path), 'utf8')),
);

run(['generate']);
run([
  'generate',
  '--template',
  'buf.gen.proto2.yaml',
  ...proto2.flatMap((path) => ['--path', path]),
]);

for (const path of filesBelow('src/gen', '.ts')) {
  const file = join(root, path);
  const wirePath = relative(dirname(file), join(root, 'src')).replaceAll('\\', '/');
  writeFileSync(file, asGo(readFileSync(file, 'utf8'), wirePath));
}
