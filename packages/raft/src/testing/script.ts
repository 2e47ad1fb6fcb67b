/**
 * The format of scenario scripts: directives, their input, and the output that is expected.
 *
 *     # a comment
 *     command argument key=value list=(1,2,3)
 *     input lines
 *     ----
 *     expected output, up to an empty line
 *
 * Output that has empty lines itself is put between two pairs of `----`.
 */

/** One argument; `values` is empty where there is no `=`. */
export interface Argument {
  readonly key: string;
  readonly values: readonly string[];
}

export interface Directive {
  /** Where the command is, from 1. */
  readonly line: number;
  readonly command: string;
  readonly args: readonly Argument[];
  readonly input: string;
  /** Ends with a newline unless empty. */
  readonly expected: string;
  /** The lines of the output, from (inclusive) and to (exclusive), counted from 0. */
  readonly outputLines: readonly [from: number, to: number];
}

/** Parses a script. Throws an `Error` that names the line. */
export function parseScript(text: string): Directive[] {
  const lines = text.split('\n');
  const directives: Directive[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at]?.trim() ?? '';
    if (line === '' || line.startsWith('#')) {
      at += 1;
      continue;
    }
    const parsed = parseDirective(lines, at);
    directives.push(parsed.directive);
    at = parsed.next;
  }
  return directives;
}

function parseDirective(
  lines: readonly string[],
  start: number,
): { readonly directive: Directive; readonly next: number } {
  const [command = '', ...words] = splitWords(lines[start] ?? '', start + 1);
  const separator = lines.indexOf('----', start + 1);
  if (separator < 0) throw new Error(`line ${start + 1}: a directive without ----`);
  const input = lines.slice(start + 1, separator).join('\n');

  const double = lines[separator + 1] === '----';
  const from = separator + (double ? 2 : 1);
  const found = lines.findIndex(
    (line, at) =>
      at >= from && (double ? line === '----' && lines[at + 1] === '----' : line === ''),
  );
  const end = found < 0 ? lines.length : found;
  const expected = lines.slice(from, end).map((line) => `${line}\n`);
  const args = words.map(parseArgument);
  const next = double ? end + 2 : end;
  return {
    directive: {
      line: start + 1,
      command,
      args,
      input,
      expected: expected.join(''),
      outputLines: [separator + 1, next],
    },
    next,
  };
}

/** Splits at spaces that are not within parentheses. */
function splitWords(line: string, number: number): string[] {
  const words: string[] = [];
  let word = '';
  let depth = 0;
  for (const char of line) {
    if (char === '(') depth += 1;
    if (char === ')') depth -= 1;
    if (char === ' ' && depth === 0) {
      if (word !== '') words.push(word);
      word = '';
    } else {
      word += char;
    }
  }
  if (depth !== 0) throw new Error(`line ${number}: parentheses do not match`);
  if (word !== '') words.push(word);
  return words;
}

function parseArgument(word: string): Argument {
  const at = word.indexOf('=');
  if (at < 0) return { key: word, values: [] };
  const value = word.slice(at + 1);
  if (!value.startsWith('(')) return { key: word.slice(0, at), values: [value] };
  const values = value.slice(1, -1).split(/[\s,]+/);
  return { key: word.slice(0, at), values: values.filter((one) => one !== '') };
}
