/**
 * Goal: what the documents show works. Method: every example is compiled, strictly, against the package's own declarations, and run as a program of
 * its own against a real server; it must print what the document says and end by itself.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { availableServers, TestServer } from '../reference.js';
import { at, packageDir, readExamples } from './examples.js';

const run = promisify(execFile);
// Inside of the package, where its name leads to what was built.
const folder = join(packageDir, 'test-results', `examples-${process.pid}`);

const options: ts.CompilerOptions = {
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  types: ['node'],
  outDir: folder,
  rootDir: folder,
};

describe.each(availableServers())('examples, on $name', (binary) => {
  const examples = readExamples();
  const pathOf = (name: string, end: string): string =>
    join(folder, `${name}-${binary.name}.${end}`);
  let server: TestServer;

  beforeAll(async () => {
    server = await TestServer.start(binary);
    mkdirSync(folder, { recursive: true });
    for (const { name, code } of examples) {
      writeFileSync(pathOf(name, 'mts'), at(server.endpoint, code));
    }
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  test('compile', () => {
    const program = ts.createProgram(
      examples.map(({ name }) => pathOf(name, 'mts')),
      options,
    );
    const { diagnostics } = program.emit();
    const all = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
    const format = {
      getCanonicalFileName: String,
      getCurrentDirectory: () => folder,
      getNewLine: () => '\n',
    };
    expect(ts.formatDiagnostics(all, format)).toBe('');
  });

  test.each(examples)('$name prints what it says, and ends', async ({ name, prints }) => {
    const { stdout, stderr } = await run(process.execPath, [pathOf(name, 'mjs')], {
      // Less than what an idle connection takes to be given up: the program must end because nothing is left.
      timeout: 8_000,
    });
    expect(stderr).toBe('');
    expect(stdout).toBe(prints);
  });
});
