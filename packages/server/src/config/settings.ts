/** One value per flag, typed by the flag's type: what arguments, environment and file fill in, each by the same rules. */
import { invariant } from '../invariant.js';
import { parseGates } from './feature-gates.js';
import { allFlags } from './flags/flag-spec.js';
import type { FlagSpec, FlagType, NameOf } from './flags/flag-spec.js';
import { parseDuration } from './go-duration.js';
import { parseBool, parseInteger, quote } from './go-values.js';
import type { Parsed } from './go-values.js';
import { parseUrlList } from './url-list.js';
import type { EtcdUrl } from './url-list.js';

type Integer = 'int' | 'uint' | 'u32' | 'u64' | 'i64';

/** A set of strings: duplicates dropped, sorted. */
export const asSet = (items: readonly string[]): readonly string[] => [...new Set(items)].sort();

export class Settings {
  readonly #texts = new Map<string, string>();
  readonly #switches = new Map<string, boolean>();
  readonly #numbers = new Map<string, bigint>();
  readonly #urls = new Map<string, readonly EtcdUrl[]>();
  readonly #lists = new Map<string, readonly string[]>();
  readonly #gates = new Map<string, boolean>();
  readonly #given = new Set<string>();

  /** Every flag at its default. */
  constructor() {
    for (const flag of allFlags) {
      const reason = this.#parse(flag, flag.default);
      invariant(reason === undefined, 'defaults parse', { flag: flag.name });
    }
  }

  /** Whether it was set by anyone, though perhaps to its default. */
  given(name: string): boolean {
    return this.#given.has(name);
  }

  /** Sets a flag from text. What comes back is Go's reason why the text is no value. */
  set(flag: FlagSpec, text: string): string | undefined {
    const empty = text === '' && (flag.type === 'urls' || flag.type === 'origins');
    // An empty list of URLs counts as given and changes nothing (etcd v3.7.1 pkg/flags/urls.go).
    const unchanged = empty && flag.type === 'urls';
    const reason = unchanged ? undefined : this.#parse(flag, text);
    if (reason === undefined) this.#given.add(flag.name);
    return reason;
  }

  /** Sets a choice that will be checked later. */
  setText(name: NameOf<'choice'>, text: string): void {
    this.#texts.set(name, text);
    this.#given.add(name);
  }

  /** Sets a list whose items are known, as configuration files have them. */
  setList(name: NameOf<'list' | 'set' | 'origins'>, items: readonly string[]): void {
    this.#lists.set(name, items);
    this.#given.add(name);
  }

  text(name: NameOf<'string' | 'choice' | 'phase'>): string {
    return found(this.#texts, name);
  }

  isOn(name: NameOf<'bool'>): boolean {
    return found(this.#switches, name);
  }

  integer(name: NameOf<Integer>): bigint {
    return found(this.#numbers, name);
  }

  /** An integer where doubles are exact; larger ones mean "no limit" all the same. */
  count(name: NameOf<Integer>): number {
    const value = this.integer(name);
    const max = BigInt(Number.MAX_SAFE_INTEGER);
    return Number(value > max ? max : value < -max ? -max : value);
  }

  durationNs(name: NameOf<'duration'>): bigint {
    return found(this.#numbers, name);
  }

  urls(name: NameOf<'urls'>): readonly EtcdUrl[] {
    return found(this.#urls, name);
  }

  list(name: NameOf<'list' | 'set' | 'origins'>): readonly string[] {
    return found(this.#lists, name);
  }

  /** Explicit settings of feature gates. */
  get gates(): ReadonlyMap<string, boolean> {
    return this.#gates;
  }

  #parse(flag: FlagSpec, text: string): string | undefined {
    switch (flag.type) {
      case 'string':
        this.#texts.set(flag.name, text);
        return undefined;
      case 'bool':
        return keep(this.#switches, flag.name, parseSwitch(text));
      case 'int':
      case 'uint':
      case 'u32':
      case 'u64':
      case 'i64':
        return this.#parseInteger(flag.name, flag.type, text);
      case 'duration':
        return this.#parseDuration(flag.name, text);
      case 'urls':
        return this.#parseUrls(flag.name, text);
      case 'origins':
        return this.#parseOrigins(flag.name, text);
      case 'list':
        this.#lists.set(flag.name, text === '' ? [] : text.split(','));
        return undefined;
      case 'set':
        this.#lists.set(flag.name, text === '' ? [] : asSet(text.split(',')));
        return undefined;
      case 'choice':
        if (flag.choices?.includes(text) !== true) return 'invalid value';
        this.#texts.set(flag.name, text);
        return undefined;
      case 'phase':
        return this.#parsePhases(flag, text);
      case 'gates':
        return this.#parseGates(text);
    }
  }

  #parseInteger(name: string, type: Integer, text: string): string | undefined {
    const value = parseInteger(text, type);
    if (value.ok || type !== 'u32') return keep(this.#numbers, name, value);
    // This one type is not Go's own, and reports strconv's error unchanged.
    const why = value.reason === 'parse error' ? 'invalid syntax' : value.reason;
    return `strconv.ParseUint: parsing ${quote(text)}: ${why}`;
  }

  #parseDuration(name: string, text: string): string | undefined {
    const value = parseDuration(text);
    if (!value.ok) return 'parse error';
    this.#numbers.set(name, value.value);
    return undefined;
  }

  #parseUrls(name: string, text: string): string | undefined {
    if (text === '') {
      this.#urls.set(name, []);
      return undefined;
    }
    return keep(this.#urls, name, parseUrlList(text));
  }

  #parseOrigins(name: string, text: string): string | undefined {
    if (text === '*') {
      this.#lists.set(name, ['*']);
      return undefined;
    }
    const urls = parseUrlList(text);
    if (!urls.ok) return urls.reason;
    this.#lists.set(
      name,
      urls.value.map((url) => url.text),
    );
    return undefined;
  }

  #parsePhases(flag: FlagSpec, text: string): string | undefined {
    const unknown = text.split(',').find((item) => !flag.choices?.includes(item));
    if (unknown !== undefined) return `invalid value ${quote(unknown)}`;
    this.#texts.set(flag.name, text);
    return undefined;
  }

  /** Repeated flags accumulate. */
  #parseGates(text: string): string | undefined {
    const gates = parseGates(text);
    if (!gates.ok) return gates.reason;
    for (const [name, value] of gates.value) this.#gates.set(name, value);
    return undefined;
  }
}

function parseSwitch(text: string): Parsed<boolean> {
  const value = parseBool(text);
  return value === undefined ? { ok: false, reason: 'parse error' } : { ok: true, value };
}

function keep<T>(map: Map<string, T>, name: string, value: Parsed<T>): string | undefined {
  if (!value.ok) return value.reason;
  map.set(name, value.value);
  return undefined;
}

function found<T>(map: ReadonlyMap<string, T>, name: string): T {
  const value = map.get(name);
  invariant(value !== undefined, 'every flag has a value of its type', { name });
  return value;
}

/** Types of flags that need no value on the command line. */
export const isSwitch = (type: FlagType): boolean => type === 'bool';
