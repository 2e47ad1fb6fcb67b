/**
 * Runs the scripts of `testdata`. After a change that is meant to change what they say, run with UPDATE_TESTDATA=1, and commit
 * only differences that you understand.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ScriptRunner } from '../test/script.js';

const folder = new URL('../testdata/', import.meta.url);
const scripts = readdirSync(folder).filter((name) => name.endsWith('.txt'));

/** The script with the answers of this run in place of those that it has. */
function replay(script: string): string {
  const runner = new ScriptRunner();
  const blocks = script.trimEnd().split('\n\n');
  const replayed = blocks.map((block) => {
    const [input = ''] = block.split(/^----$/m);
    const lines = input.trimEnd().split('\n');
    const commands = lines.filter((line) => line !== '' && !line.startsWith('#'));
    if (commands.length === 0) return block;
    const answers = commands.flatMap((command) => runner.run(command));
    return [...lines, '----', ...answers].join('\n');
  });
  return `${replayed.join('\n\n')}\n`;
}

/** The rows of the reliability specification that the comments of a script name. */
function rowsOf(script: string): string {
  const comments = script.split('\n').filter((line) => line.startsWith('#'));
  return [...new Set(comments.join('\n').match(/\b(?:[GFBJ]|CP|H-[A-Z])-?\d+\b/g))].join(', ');
}

for (const name of scripts) {
  const file = new URL(name, folder);
  const script = readFileSync(file, 'utf8');
  test(`${name}: ${rowsOf(script)}`, () => {
    const replayed = replay(script);
    if (process.env['UPDATE_TESTDATA'] === '1') writeFileSync(file, replayed);
    else expect(replayed).toBe(script);
  });
}
