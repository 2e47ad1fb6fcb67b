/**
 * `pnpm --filter @kv/raft replay FOLDER...`: replays every script of the folders, prints each difference, and ends with
 * the number of files that passed and failed. A file passes when everything but the log lines is as expected.
 *
 * With UPDATE_TESTDATA=1 the scripts get the output that they have now instead. Commit only what you understand.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { argv, env, exit, stdout } from 'node:process';
import { replayScript, rewriteScript, type Difference } from '@kv/raft/testing';

/** All `.txt` files at or below a path, in order. */
function findScripts(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  const names = readdirSync(path).sort();
  return names.flatMap((name) => {
    const inner = join(path, name);
    return name.endsWith('.txt') || statSync(inner).isDirectory() ? findScripts(inner) : [];
  });
}

function printDifference(file: string, { directive, actual, grade }: Difference): void {
  const { line, command, expected } = directive;
  stdout.write(
    `--- ${file}:${line} ${command} (${grade === 'lenient' ? 'log lines only' : 'differs'})\n`,
  );
  stdout.write(`expected:\n${expected}actual:\n${actual}`);
}

const folders = argv.slice(2).filter((argument) => argument !== '--');
if (folders.length === 0) {
  stdout.write('usage: pnpm --filter @kv/raft replay FOLDER...\n');
  exit(2);
}
let passed = 0;
let failed = 0;
// pnpm runs scripts in the package; paths are meant from where the command was given.
const base = env['INIT_CWD'] ?? '.';
for (const file of folders.flatMap((folder) => findScripts(resolve(base, folder)))) {
  if (env['UPDATE_TESTDATA'] === '1') {
    writeFileSync(file, rewriteScript(readFileSync(file, 'utf8')));
  }
  const { grade, differences } = replayScript(readFileSync(file, 'utf8'));
  for (const difference of differences) printDifference(file, difference);
  stdout.write(`${grade.padEnd(8)}${file}\n`);
  if (grade === 'failed') failed += 1;
  else passed += 1;
}
stdout.write(`${passed} passed, ${failed} failed\n`);
exit(failed === 0 && passed > 0 ? 0 : 1);
