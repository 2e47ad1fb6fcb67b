/**
 * Goal: a stranger's empty folder can use what is published. Method: the packed tarballs are installed by npm beside Node 22.12, the oldest that is
 * promised, and the documents' examples run there as modules and by `require`; their types are checked by the last TypeScript releases.
 *
 * Needs the package registry and some 30 s: `KV_PACKAGING=1`.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { allKeys, Client } from '../../src/index.js';
import { at, packageDir, readExamples } from '../docs/examples.js';
import { availableServers, TestServer } from '../reference.js';

const execute = promisify(execFile);
const nodeFloor = '22.12.0';
/** Minor releases, newest last. */
const typescripts = ['5.8', '5.9', '6.0', '7.0'];

async function run(command: string, words: readonly string[], cwd: string): Promise<string> {
  const { stdout } = await execute(command, words, { cwd, maxBuffer: 1 << 26, timeout: 120_000 });
  return stdout;
}

/** An example as the program of somebody who has no modules. */
function required(code: string): string {
  const imports = /^import (\{[^}]*\}) from ('[^']*');$/gm;
  const wanted = [...code.matchAll(imports)].map(
    ([, names = '', from = '']) => `const ${names} = require(${from});\n`,
  );
  return `${wanted.join('')}(async () => {\n${code.replaceAll(imports, '')}\n})();\n`;
}

function javascript(code: string): string {
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  return ts.transpileModule(code, { compilerOptions }).outputText;
}

describe.runIf(process.env['KV_PACKAGING'] === '1')('the packed client', () => {
  let [folder, app, tools, node] = ['', '', '', ''];
  const examples = readExamples();
  let server: TestServer;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kv-packaging-'));
    [app, tools] = [join(folder, 'app'), join(folder, 'tools')];
    node = join(tools, 'node_modules', 'node', 'bin', 'node');
    const [binary] = availableServers();
    if (binary === undefined) throw new Error('no server to run against');
    server = await TestServer.start(binary);
    for (const each of ['../../proto', '.']) {
      await run('pnpm', ['pack', '--pack-destination', folder], join(packageDir, each));
    }
    const tarballs = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
    expect(tarballs).toHaveLength(2);
    for (const dir of [app, tools]) {
      mkdirSync(dir);
      writeFileSync(join(dir, 'package.json'), '{"private":true}');
    }
    const quiet = ['install', '--no-audit', '--no-fund', '--loglevel', 'error'];
    await run('npm', [...quiet, ...tarballs.map((name) => join(folder, name))], app);
    const compilers = typescripts.map((version) => `ts${version}@npm:typescript@~${version}.0`);
    await run('npm', [...quiet, `node@${nodeFloor}`, ...compilers, '@types/node@22'], tools);
  }, 240_000);

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  beforeEach(async () => {
    await using client = await Client.open({ endpoints: [server.endpoint] });
    await client.kv.delete(allKeys);
  });

  test('has no native code, and nothing of ours runs at installation', async () => {
    const files = readdirSync(join(app, 'node_modules'), { recursive: true }).map(String);
    expect(files.filter((name) => /\.node$|binding\.gyp$|\.(so|dylib|dll)$/.test(name))).toEqual(
      [],
    );
    const listed = await run(
      'npm',
      ['query', ':attr(scripts, [install]), :attr(scripts, [postinstall])'],
      app,
    );
    const names = (JSON.parse(listed) as { readonly name: string }[]).map(({ name }) => name);
    // Below grpc-js; its script only looks at a version number, and may be left out.
    expect(names.filter((name) => name !== 'protobufjs')).toEqual([]);
  });

  test.each(examples)(`$name runs on Node ${nodeFloor}`, async ({ name, code, prints }) => {
    const path = join(app, `${name}.mjs`);
    writeFileSync(path, javascript(at(server.endpoint, code)));
    expect(await run(node, [path], app)).toBe(prints);
  });

  test.each(examples)(
    `$name runs on Node ${nodeFloor} by require`,
    async ({ name, code, prints }) => {
      const path = join(app, `${name}.cjs`);
      writeFileSync(path, required(javascript(at(server.endpoint, code))));
      expect(await run(node, ['--no-warnings', path], app)).toBe(prints);
    },
  );

  test.each(typescripts)(
    'its types compile with TypeScript %s, declarations included',
    async (version) => {
      for (const { name, code } of examples) writeFileSync(join(app, `${name}.mts`), code);
      const options = {
        compilerOptions: {
          strict: true,
          noEmit: true,
          skipLibCheck: false,
          target: 'es2022',
          module: 'nodenext',
          lib: ['es2023', 'esnext.disposable'],
          types: ['node'],
          typeRoots: [join(tools, 'node_modules', '@types')],
        },
        include: ['*.mts'],
      };
      writeFileSync(join(app, 'tsconfig.json'), JSON.stringify(options));
      const compiler = join(tools, 'node_modules', `ts${version}`, 'bin', 'tsc');
      const output = await run(process.execPath, [compiler, '-p', app], app).catch(
        (error: unknown) => String((error as { stdout?: unknown }).stdout ?? error),
      );
      expect(output).toBe('');
    },
  );
});
