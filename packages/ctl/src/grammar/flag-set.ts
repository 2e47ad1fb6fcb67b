/** Flags of one run of a command: parsing by pflag's rules, and the values that came out. */
import type { ByteString } from '../bytes.js';
import { quote } from '../go/quote.js';
import { parseFlagValue, type FlagSpec, type FlagValue } from './flag.js';

/** A mistake in the flags; the message is pflag's. */
export class FlagError extends Error {
  override readonly name: string = 'FlagError';
}

/** Values by name, with a typed getter for each kind. A name that was not declared is a bug of ours and throws. */
export class FlagSet {
  readonly specs: readonly FlagSpec[];
  readonly #byName = new Map<string, FlagSpec>();
  readonly #byShorthand = new Map<string, FlagSpec>();
  readonly #values = new Map<string, FlagValue>();
  #args: ByteString[] = [];

  /** Of two flags of one name the first counts. */
  constructor(specs: readonly FlagSpec[]) {
    this.specs = specs;
    for (const spec of specs) {
      if (this.#byName.has(spec.name)) continue;
      this.#byName.set(spec.name, spec);
      if (spec.shorthand !== undefined) this.#byShorthand.set(spec.shorthand, spec);
    }
  }

  /** What is not a flag, in order. */
  get args(): readonly ByteString[] {
    return this.#args;
  }

  /** Whether the flag was set, by the command line or (later) by the environment. */
  isSet(name: string): boolean {
    return this.#values.has(name);
  }

  find(name: string): FlagSpec | undefined {
    return this.#byName.get(name);
  }

  findShorthand(letter: string): FlagSpec | undefined {
    return this.#byShorthand.get(letter);
  }

  bool(name: string): boolean {
    return this.#get(name, 'bool') as boolean;
  }

  string(name: string): ByteString {
    return this.#get(name, 'string') as ByteString;
  }

  int(name: string): bigint {
    return this.#get(name, 'int') as bigint;
  }

  uint(name: string): bigint {
    return this.#get(name, 'uint') as bigint;
  }

  /** Nanoseconds. */
  duration(name: string): bigint {
    return this.#get(name, 'duration') as bigint;
  }

  strings(name: string): readonly ByteString[] {
    return this.#get(name, 'strings') as readonly ByteString[];
  }

  value(spec: FlagSpec): FlagValue {
    return this.#values.get(spec.name) ?? spec.default;
  }

  #get(name: string, type: FlagSpec['type']): FlagValue {
    const spec = this.#byName.get(name);
    if (spec?.type !== type) throw new Error(`flag ${name} of type ${type} is not declared`);
    return this.value(spec);
  }

  /** Sets a value from text; a list accumulates. Throws `FlagError`. */
  set(spec: FlagSpec, text: ByteString): void {
    try {
      const value = parseFlagValue(spec, text);
      const before = this.#values.get(spec.name);
      const both = spec.type === 'strings' && before !== undefined;
      this.#values.set(
        spec.name,
        both ? [...(before as readonly ByteString[]), ...(value as readonly ByteString[])] : value,
      );
    } catch (cause) {
      const flag =
        spec.shorthand === undefined ? `--${spec.name}` : `-${spec.shorthand}, --${spec.name}`;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new FlagError(`invalid argument ${quote(text)} for "${flag}" flag: ${reason}`, {
        cause,
      });
    }
  }

  /** Parses a command line; `--` ends the flags. Throws `FlagError` at the first mistake. */
  parse(args: readonly ByteString[]): void {
    this.#args = [];
    const rest = [...args];
    for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
      if (!arg.startsWith('-') || arg === '-') {
        this.#args.push(arg);
      } else if (arg === '--') {
        this.#args.push(...rest);
        return;
      } else if (arg.startsWith('--')) {
        this.#parseLong(arg, rest);
      } else {
        this.#parseShort(arg.slice(1), rest);
      }
    }
  }

  #parseLong(arg: ByteString, rest: ByteString[]): void {
    const body = arg.slice(2);
    if (body.startsWith('-') || body.startsWith('='))
      throw new FlagError(`bad flag syntax: ${arg}`);
    const equals = body.indexOf('=');
    const name = equals < 0 ? body : body.slice(0, equals);
    const spec = this.#byName.get(name);
    if (spec === undefined) throw new FlagError(`unknown flag: --${name}`);
    if (equals >= 0) this.set(spec, body.slice(equals + 1));
    else if (spec.type === 'bool') this.set(spec, 'true');
    else
      this.set(
        spec,
        nextValue(rest, () => `flag needs an argument: --${name}`),
      );
  }

  /** A cluster of letters: `-hw json`, `-wjson`, `-w=json`. */
  #parseShort(letters: ByteString, rest: ByteString[]): void {
    let cluster = letters;
    while (cluster !== '') {
      const letter = cluster.charAt(0);
      const spec = this.#byShorthand.get(letter);
      if (spec === undefined) {
        throw new FlagError(`unknown shorthand flag: ${quoteRune(letter)} in -${cluster}`);
      }
      if (cluster.length > 2 && cluster.charAt(1) === '=') {
        this.set(spec, cluster.slice(2));
        return;
      }
      if (spec.type === 'bool') {
        this.set(spec, 'true');
        cluster = cluster.slice(1);
        continue;
      }
      const attached = cluster.slice(1);
      const missing = (): string => `flag needs an argument: ${quoteRune(letter)} in -${letters}`;
      this.set(spec, attached === '' ? nextValue(rest, missing) : attached);
      return;
    }
  }
}

function nextValue(rest: ByteString[], missing: () => string): ByteString {
  const value = rest.shift();
  if (value === undefined) throw new FlagError(missing());
  return value;
}

/** `%q` of one byte taken as a code point, as pflag prints it. */
function quoteRune(byte: ByteString): ByteString {
  if (byte === "'") return "'\\''";
  const quoted = quote(Buffer.from(byte, 'utf8').toString('latin1'));
  return `'${quoted.slice(1, -1).replaceAll('\\"', '"')}'`;
}
