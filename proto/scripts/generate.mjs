// Turns the .proto files into src/gen: buf compiles, ts-proto (local, no network) writes TypeScript. Two runs, because proto2
// and proto3 need different options (see the two templates).
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

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

function protoFiles(folder) {
  return readdirSync(join(root, folder), { recursive: true })
    .filter((name) => name.endsWith('.proto'))
    .map((name) => join(folder, name));
}

const proto2 = protoFiles('etcd').filter((path) =>
  /^syntax = "proto2";$/m.test(readFileSync(join(root, path), 'utf8')),
);

run(['generate']);
run([
  'generate',
  '--template',
  'buf.gen.proto2.yaml',
  ...proto2.flatMap((path) => ['--path', path]),
]);
