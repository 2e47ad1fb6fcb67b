/**
 * Metrics as plain numbers, and their text form (Prometheus exposition 0.0.4). Counting touches one number; all work is done
 * when somebody looks.
 */

/** One line's value. Holders keep it and add to it. */
export interface Sample {
  value: number;
}

/** Bounds are upper, inclusive and rising; `counts` has one more, for what is above the last. */
export interface HistogramSample {
  readonly counts: number[];
  sum: number;
}

export interface Family {
  readonly name: string;
  /** The family's lines, with `# HELP` and `# TYPE`; empty when there is nothing to show. */
  text(): string;
}

/** Shortest decimal form; exponents from 1e+06 on and below 1e-04, two digits at least, as Go prints them. */
export function formatNumber(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  if (Number.isNaN(value)) return 'NaN';
  const size = Math.abs(value);
  if (value === 0 || (size >= 1e-4 && size < 1e6)) return String(value);
  const [digits = '', exponent = ''] = value.toExponential().split('e');
  return `${digits}e${exponent.slice(0, 1)}${exponent.slice(1).padStart(2, '0')}`;
}

const escapeLabel = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

/** `{a="1",b="2"}` with the names sorted; empty without labels. */
function labelText(pairs: readonly (readonly [string, string])[]): string {
  if (pairs.length === 0) return '';
  const sorted = [...pairs].sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(',')}}`;
}

function head(name: string, help: string, type: string): string {
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
}

/** Children of a family, one for each combination of label values that was used. */
abstract class Labelled<T> implements Family {
  readonly name: string;
  protected readonly help: string;
  protected readonly labelNames: readonly string[];
  readonly #children = new Map<string, { readonly values: readonly string[]; readonly of: T }>();
  /** The child without labels, found without a key. */
  #only: T | undefined;

  constructor(name: string, help: string, labelNames: readonly string[]) {
    this.name = name;
    this.help = help;
    this.labelNames = labelNames;
  }

  /** The numbers of these label values, in the order of the label names. */
  child(...values: readonly string[]): T {
    if (values.length === 0 && this.#only !== undefined) return this.#only;
    const key = values.join('\u0000');
    const known = this.#children.get(key);
    if (known !== undefined) return known.of;
    const created = { values, of: this.empty() };
    this.#children.set(key, created);
    if (values.length === 0) this.#only = created.of;
    return created.of;
  }

  text(): string {
    // A family without labels shows its zero from the start.
    if (this.labelNames.length === 0) this.child();
    if (this.#children.size === 0) return '';
    const lines = Array.from(this.#children.values(), ({ values, of }) =>
      this.lines(
        values.map((value, index) => [this.labelNames[index] ?? '', value] as const),
        of,
      ),
    );
    return head(this.name, this.help, this.type) + lines.join('');
  }

  protected abstract get type(): string;
  protected abstract empty(): T;
  protected abstract lines(labels: readonly (readonly [string, string])[], of: T): string;
}

export class ValueFamily extends Labelled<Sample> {
  protected readonly type: 'counter' | 'gauge';

  constructor(
    type: 'counter' | 'gauge',
    name: string,
    help: string,
    labelNames: readonly string[] = [],
  ) {
    super(name, help, labelNames);
    this.type = type;
  }

  protected override empty(): Sample {
    return { value: 0 };
  }

  protected override lines(labels: readonly (readonly [string, string])[], of: Sample): string {
    return `${this.name}${labelText(labels)} ${formatNumber(of.value)}\n`;
  }
}

export class HistogramFamily extends Labelled<HistogramSample> {
  readonly bounds: readonly number[];

  constructor(
    name: string,
    help: string,
    bounds: readonly number[],
    labelNames: readonly string[] = [],
  ) {
    super(name, help, labelNames);
    this.bounds = bounds;
  }

  protected override get type(): string {
    return 'histogram';
  }

  protected override empty(): HistogramSample {
    return { counts: [], sum: 0 };
  }

  protected override lines(
    labels: readonly (readonly [string, string])[],
    of: HistogramSample,
  ): string {
    let total = 0;
    let text = '';
    [...this.bounds, Infinity].forEach((bound, index) => {
      total += of.counts[index] ?? 0;
      const withBound = labelText([...labels, ['le', formatNumber(bound)]]);
      text += `${this.name}_bucket${withBound} ${formatNumber(total)}\n`;
    });
    text += `${this.name}_sum${labelText(labels)} ${formatNumber(of.sum)}\n`;
    return `${text}${this.name}_count${labelText(labels)} ${formatNumber(total)}\n`;
  }
}

/** Adds one observation. */
export function observe(bounds: readonly number[], sample: HistogramSample, value: number): void {
  let index = 0;
  while (index < bounds.length && value > (bounds[index] ?? Infinity)) index += 1;
  sample.counts[index] = (sample.counts[index] ?? 0) + 1;
  sample.sum += value;
}

/** A number that is asked for when somebody looks. */
export class AskedFamily implements Family {
  readonly name: string;
  readonly #type: 'counter' | 'gauge';
  readonly #help: string;
  readonly #read: () => number;

  constructor(type: 'counter' | 'gauge', name: string, help: string, read: () => number) {
    this.#type = type;
    this.name = name;
    this.#help = help;
    this.#read = read;
  }

  text(): string {
    return `${head(this.name, this.#help, this.#type)}${this.name} ${formatNumber(this.#read())}\n`;
  }
}
