/** The words after `pnpm bench`: read into one value, or into every problem with them. */
import { parseArgs } from 'node:util';
import type { Shape } from './shape.js';
import { allShapes, clusterShapes, parseShape } from './shape.js';

export const suiteNames = [
  'durability',
  'shapes',
  'tool',
  'disturbance',
  'watchers',
  'store',
] as const;
export type SuiteName = (typeof suiteNames)[number];

export interface Options {
  /** Suites, or words that the name of a workload contains; empty: everything. */
  readonly only: readonly string[];
  readonly shapes: readonly Shape[];
  readonly rounds: number;
  /** About how long one round of one workload takes on one side. */
  readonly seconds: number;
  /** Keys of the big store. */
  readonly keys: number;
  readonly members: 1 | 3;
  readonly markdownFile: string | undefined;
  readonly jsonFile: string | undefined;
  /** The first of the ports on 127.0.0.1 that servers listen on; they take fewer than twenty. */
  readonly firstPort: number;
}

export const usage: string = `usage: pnpm bench [--only WORDS] [--shapes LIST] [--rounds N] [--seconds N] [--keys N] [--members 1|3]
                  [--markdown FILE] [--json FILE] [--port N]

  --only      comma-separated: suites (${suiteNames.join(', ')}) or parts of a workload's name (put, get, watch, 10x100 ...)
  --shapes    comma-separated connections x streams, such as 1x1,10x100
  --rounds    alternating rounds, at least 1; default 3
  --seconds   length of one round; default 1.5
  --keys      keys of the big store; default 1000000
  --members   3: puts against three local members on each side, instead of everything else; default 1
  --markdown  writes the report there too: between the marks of BENCHMARKS.md, or as a new file
  --json      writes every round there
  --port      first of the ports that servers take; default 21700
`;

const defaults = { rounds: '3', seconds: '1.5', keys: '1000000', members: '1', port: '21700' };

/** Options, or what is wrong with the words, each in a line. */
export function parseOptions(
  args: readonly string[],
): { readonly options: Options } | { readonly problems: readonly string[] } {
  const text = { type: 'string' } as const;
  let values: Partial<Record<string, string>>;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        only: text,
        shapes: text,
        rounds: text,
        seconds: text,
        keys: text,
        members: text,
        markdown: text,
        json: text,
        port: text,
      },
    }));
  } catch (error) {
    return { problems: [error instanceof Error ? error.message : String(error)] };
  }
  const problems: string[] = [];
  const number = (name: keyof typeof defaults, min: number, max: number, whole = true): number => {
    const value = Number(values[name] ?? defaults[name]);
    if (!(value >= min && value <= max) || (whole && !Number.isInteger(value))) {
      problems.push(
        `--${name} is ${String(values[name])}, not a ${whole ? 'whole ' : ''}number from ${String(min)} to ${String(max)}`,
      );
    }
    return value;
  };
  const members = values['members'] ?? defaults.members;
  if (members !== '1' && members !== '3') problems.push(`--members is ${members}, not 1 or 3`);
  const options: Options = {
    only: words(values['only']),
    shapes: shapesOf(values['shapes'], members === '3', problems),
    rounds: number('rounds', 1, 1000),
    seconds: number('seconds', 0.1, 600, false),
    keys: number('keys', 1000, 100_000_000),
    members: members === '3' ? 3 : 1,
    markdownFile: values['markdown'],
    jsonFile: values['json'],
    firstPort: number('port', 1024, 65_000),
  };
  return problems.length > 0 ? { problems } : { options };
}

const words = (list: string | undefined): string[] =>
  (list ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');

function shapesOf(list: string | undefined, cluster: boolean, problems: string[]): Shape[] {
  if (list === undefined) return [...(cluster ? clusterShapes : allShapes)];
  return words(list).flatMap((word) => {
    const shape = parseShape(word);
    if (shape === undefined) problems.push(`--shapes: ${word} is not like 10x100`);
    return shape ?? [];
  });
}

/** Whether to run a workload of a suite; without a workload, whether the suite as a whole is named. */
export function isChosen(
  { only }: Pick<Options, 'only'>,
  suite: SuiteName,
  workload?: string,
): boolean {
  if (only.length === 0 || only.includes(suite)) return true;
  const isSuite = (word: string): boolean => suiteNames.some((name) => name === word);
  return workload !== undefined && only.some((word) => !isSuite(word) && workload.includes(word));
}
