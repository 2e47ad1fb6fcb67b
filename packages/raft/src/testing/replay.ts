/** Replays scenario scripts of etcd-io/raft on this implementation, and compares what comes out. */
import { InteractionEnv } from './interaction-env.js';
import { runInteraction } from './interaction-commands.js';
import { ConfChangeRun } from './replay-confchange.js';
import { runQuorum } from './replay-quorum.js';
import { parseScript, type Directive } from './script.js';

/**
 * - `strict`: every line is as expected.
 * - `lenient`: every line but those of the log (DEBUG, INFO, WARN, ERROR).
 * - `failed`: neither.
 */
export type Grade = 'strict' | 'lenient' | 'failed';

/** A directive whose output is not what is expected. */
export interface Difference {
  readonly directive: Directive;
  readonly actual: string;
  readonly grade: 'lenient' | 'failed';
}

export interface ReplayResult {
  readonly grade: Grade;
  readonly differences: readonly Difference[];
}

/** Replays one script, of any of the three kinds: its commands tell. */
export function replayScript(text: string): ReplayResult {
  const directives = parseScript(text);
  const run = makeRunner(directives);
  const differences: Difference[] = [];
  for (const directive of directives) {
    const output = run(directive);
    const actual = output === '' || output.endsWith('\n') ? output : `${output}\n`;
    if (actual === directive.expected) continue;
    const same = withoutLog(actual) === withoutLog(directive.expected);
    differences.push({ directive, actual, grade: same ? 'lenient' : 'failed' });
  }
  return { grade: gradeOf(differences), differences };
}

/**
 * The script with the output that it has now. For scripts of one's own: to be committed only when every difference is
 * understood.
 */
export function rewriteScript(text: string): string {
  const directives = parseScript(text);
  const run = makeRunner(directives);
  const lines = text.split('\n');
  const rewritten: string[] = [];
  let at = 0;
  for (const directive of directives) {
    const [from, to] = directive.outputLines;
    const output = run(directive).replace(/\n$/, '').split('\n');
    const fenced = output.includes('') ? ['----', ...output, '----', '----'] : output;
    rewritten.push(...lines.slice(at, from), ...fenced);
    at = to;
  }
  return [...rewritten, ...lines.slice(at)].join('\n');
}

function gradeOf(differences: readonly Difference[]): Grade {
  if (differences.length === 0) return 'strict';
  return differences.every(({ grade }) => grade === 'lenient') ? 'lenient' : 'failed';
}

function makeRunner(directives: readonly Directive[]): (directive: Directive) => string {
  switch (directives[0]?.command) {
    case 'committed':
    case 'vote':
      return runQuorum;
    case 'simple':
    case 'enter-joint':
    case 'leave-joint': {
      const confChanges = new ConfChangeRun();
      return (directive) => confChanges.run(directive);
    }
    default: {
      const env = new InteractionEnv();
      return (directive) => runInteraction(env, directive);
    }
  }
}

function withoutLog(text: string): string {
  const lines = text.split('\n');
  return lines.filter((line) => !/^\s*(DEBUG|INFO|WARN|ERROR) /.test(line)).join('\n');
}
