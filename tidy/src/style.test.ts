/**
 * Goal: the habits of the code base hold by themselves. Method: read every file's syntax tree and look for what the style
 * forbids: files and functions that grew, impure calls outside their ports, exports that hide what they export.
 */
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import ts from 'typescript';
import { importsOf, placeOf, readPackages, readSources, walk } from './workspace.js';
import type { SourceFile } from './workspace.js';

const fileLinesMax = 450;
const functionLinesMax = 70;

const sources = readPackages().flatMap(({ dir }) => readSources(dir));
const shipped = sources.filter((file) => !file.isTest);

/** Calls that read the world, and the only files that may: ports to it, and the programs' own entries. */
const impure: readonly { readonly call: RegExp; readonly allowed: RegExp }[] = [
  { call: /^Date\.now$/, allowed: /clock|logging\/|^apps\/|^packages\/(client|ctl)\// },
  { call: /^Math\.random$/, allowed: /random|^packages\/(client|ctl)\// },
  { call: /^console\.\w+$/, allowed: /^$/ },
  { call: /^process\.exit$/, allowed: /^apps\/|\/main\.ts$|\/testing\// },
];

function functionLines(file: SourceFile, node: ts.Node): number {
  const start = file.syntax.getLineAndCharacterOfPosition(node.getStart(file.syntax)).line;
  return file.syntax.getLineAndCharacterOfPosition(node.end).line - start + 1;
}

describe('tidy', () => {
  it(`keeps source files at ${String(fileLinesMax)} lines or fewer`, () => {
    const long = shipped
      .filter((file) => file.lineCount > fileLinesMax)
      .map((file) => `${file.path}: ${String(file.lineCount)}`);
    expect(long).toEqual([]);
  });

  it(`keeps functions at ${String(functionLinesMax)} lines or fewer`, () => {
    const long: string[] = [];
    for (const file of shipped) {
      walk(file, (node) => {
        if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return;
        const lines = functionLines(file, node);
        if (lines > functionLinesMax) long.push(`${placeOf(file, node)}: ${String(lines)}`);
      });
    }
    expect(long).toEqual([]);
  });

  it('opens each source file with a comment that says its subject', () => {
    const silent = shipped
      .filter((file) => !/\/(index|brand|invariant)\.ts$/.test(file.path))
      .filter((file) => !/^(#!.*\n)?\s*(\/\*\*?|\/\/)/.test(file.text))
      .map((file) => file.path);
    expect(silent).toEqual([]);
  });

  it('reads clock, randomness and console only through their ports', () => {
    const wrong: string[] = [];
    for (const file of shipped) {
      walk(file, (node) => {
        if (!ts.isPropertyAccessExpression(node)) return;
        const call = node.getText(file.syntax);
        const rule = impure.find((r) => r.call.test(call));
        if (rule !== undefined && !rule.allowed.test(file.path)) {
          wrong.push(`${placeOf(file, node)}: ${call}`);
        }
      });
    }
    expect(wrong).toEqual([]);
  });

  it('names every export: no `export *`, no default exports outside configuration', () => {
    const wrong: string[] = [];
    for (const file of sources.filter((f) => !f.path.endsWith('.config.ts'))) {
      walk(file, (node) => {
        const star = ts.isExportDeclaration(node) && node.exportClause === undefined;
        const byDefault = ts.isExportAssignment(node);
        if (star || byDefault) wrong.push(placeOf(file, node));
      });
    }
    expect(wrong).toEqual([]);
  });

  it('has no file that nothing leads to', () => {
    // What the generated code alone imports, which is not read here.
    const ofGeneratedCode = ['proto/src/wire-reader.ts'];
    const entries =
      /\/(index|main|model|codec|worker)\.ts$|\.(test|config|bench)\.ts$|\/(bench|cli)\//;
    const dead: string[] = [];
    for (const { dir, manifest } of readPackages()) {
      const files = readSources(dir);
      const named = JSON.stringify(manifest.exports ?? {}) + JSON.stringify(manifest.bin ?? {});
      const imported = new Set(
        files.flatMap((file) =>
          importsOf(file)
            .filter((s) => s.startsWith('.'))
            .map((s) => posix.join(posix.dirname(file.path), s).replace(/\.js$/, '.ts')),
        ),
      );
      for (const { path } of files) {
        const built = path.slice(dir.length + 1).replace(/^src\/(.*)\.ts$/, 'dist/$1.js');
        if (!imported.has(path) && !entries.test(path) && !named.includes(built)) dead.push(path);
      }
    }
    expect(dead.filter((path) => !ofGeneratedCode.includes(path))).toEqual([]);
  });

  it('writes relative imports with their .js ending', () => {
    const wrong = sources.flatMap((file) =>
      importsOf(file)
        .filter((s) => s.startsWith('.') && !/\.(js|json|mjs)$/.test(s))
        .map((s) => `${file.path} imports ${s}`),
    );
    expect(wrong).toEqual([]);
  });

  it('leaves no holes in the types and no unfinished words', () => {
    const holes = /@ts-(ignore|expect-error|nocheck)|\bTODO\b|\bFIXME\b/;
    const wrong = sources.flatMap((file) =>
      file.text
        .split('\n')
        .flatMap((line, i) =>
          holes.test(line) ? [`${file.path}:${String(i + 1)}: ${line.trim()}`] : [],
        ),
    );
    expect(wrong).toEqual([]);
  });

  it('has no test that is switched off or alone, and none that sleeps', () => {
    const wrong: string[] = [];
    for (const file of sources.filter((f) => f.path.endsWith('.test.ts'))) {
      walk(file, (node) => {
        if (!ts.isCallExpression(node)) return;
        const callee = node.expression.getText(file.syntax);
        if (/^(it|test|describe)\.(only|skip|todo)$/.test(callee))
          wrong.push(`${placeOf(file, node)}: ${callee}`);
        if (/^(sleep|delay)$/.test(callee)) wrong.push(`${placeOf(file, node)}: ${callee}`);
      });
    }
    expect(wrong).toEqual([]);
  });
});
