// Scripts in testdata/key-index say in full what the index of one key does: put, tombstone, get, compact, keep.
// UPDATE_TESTDATA=1 rewrites the expected parts; commit only differences that you understand.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { key } from '../../test/scratch.js';
import { KeyIndex } from './key-index.js';

const folder = join(import.meta.dirname, '../../testdata/key-index');
const name = key('foo');

/** Runs commands against one index; a record's sequence number is the count of records so far. */
class Script {
  private index = new KeyIndex();
  private mains: number[] = [];

  run(command: string): string {
    const [verb = '', ...numbers] = command.split(' ');
    const revision = Number(numbers[0]);
    switch (verb) {
      case 'put': {
        const slot = this.index.put(name, revision, this.mains.push(revision));
        return `created ${this.index.created(slot)} version ${this.index.version(slot)}`;
      }
      case 'tombstone':
        if (this.index.liveSeq(name) === 0) return 'the key does not exist';
        this.index.remove(name, revision, this.mains.push(revision));
        return 'ok';
      case 'get': {
        const slot = this.index.find(name);
        const seq = slot < 0 ? 0 : this.index.seqAt(slot, revision);
        return seq === 0 ? 'not found' : `modified ${this.mains[seq - 1] ?? 0}`;
      }
      case 'compact': {
        // As the removal does: every record at or below the revision, in order.
        const kept = this.mains.flatMap((main, i) =>
          main <= revision && this.index.compact(name, i + 1, revision) ? [String(main)] : [],
        );
        this.index.verify();
        return `keeps ${kept.length === 0 ? 'nothing' : kept.join(' ')}; ${this.state()}`;
      }
      case 'show':
        return this.state();
      default:
        throw new Error(`unknown command ${command}`);
    }
  }

  private state(): string {
    const { keys, liveKeys, revisions } = this.index;
    return `keys ${keys} live ${liveKeys} revisions ${revisions}`;
  }
}

/** A script is blocks of commands, `----`, and what they answer; blocks end with an empty line; `#` comments. */
function replay(text: string): string {
  const script = new Script();
  return text
    .trimEnd()
    .split('\n\n')
    .map((block) => {
      const lines = block.split('\n');
      const end = lines.indexOf('----');
      const commands = end < 0 ? lines : lines.slice(0, end);
      const answers = commands
        .filter((line) => !line.startsWith('#'))
        .map((command) => `${command}: ${script.run(command)}`);
      return answers.length === 0
        ? commands.join('\n')
        : [...commands, '----', ...answers].join('\n');
    })
    .join('\n\n')
    .concat('\n');
}

describe('key index scripts', () => {
  it.each(readdirSync(folder))('%s', (file) => {
    const path = join(folder, file);
    const text = readFileSync(path, 'utf8');
    const actual = replay(text);
    if (process.env['UPDATE_TESTDATA'] === '1') writeFileSync(path, actual);
    else expect(actual).toBe(text);
  });
});
