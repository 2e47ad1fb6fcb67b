/** Kinds of flags, and how their values are read and shown (pflag 1.0.10). */
import type { ByteString } from '../bytes.js';
import { parseCsv } from '../go/csv.js';
import { formatDuration, parseDuration } from '../go/duration.js';
import { quote } from '../go/quote.js';
import { parseBool, parseInt64, parseUint64 } from '../go/strconv.js';

interface FlagBase {
  readonly name: string;
  /** One letter. */
  readonly shorthand?: string;
  readonly usage: string;
  /** Values that shells propose. */
  readonly proposals?: readonly string[];
}

/** A flag as a command declares it. */
export type FlagSpec =
  | (FlagBase & { readonly type: 'bool'; readonly default: boolean })
  | (FlagBase & { readonly type: 'string'; readonly default: ByteString })
  | (FlagBase & { readonly type: 'int' | 'uint'; readonly default: bigint })
  /** Nanoseconds. */
  | (FlagBase & { readonly type: 'duration'; readonly default: bigint })
  | (FlagBase & { readonly type: 'strings'; readonly default: readonly ByteString[] });

export type FlagValue = FlagSpec['default'];

/** The value for `--flag=text`; throws an `Error` with the text of the conversion. */
export function parseFlagValue(spec: FlagSpec, text: ByteString): FlagValue {
  switch (spec.type) {
    case 'bool':
      return parseBool(text);
    case 'string':
      return text;
    case 'int':
      return parseInt64(text, 0);
    case 'uint':
      return parseUint64(text, 0);
    case 'duration':
      return parseDuration(text);
    case 'strings':
      return parseCsv(text);
  }
}

/** What stands for the value in help: `--limit int`. */
export function valueName(spec: FlagSpec): string {
  return spec.type === 'bool' ? '' : spec.type;
}

/** ` (default …)` of help; empty for what Go calls a zero value. */
export function defaultText(spec: FlagSpec): string {
  switch (spec.type) {
    case 'bool':
      return spec.default ? ' (default true)' : '';
    case 'string':
      return spec.default === '' ? '' : ` (default ${quote(spec.default)})`;
    case 'int':
    case 'uint':
      return spec.default === 0n ? '' : ` (default ${spec.default})`;
    case 'duration':
      return spec.default === 0n ? '' : ` (default ${formatDuration(spec.default)})`;
    case 'strings':
      return spec.default.length === 0 ? '' : ` (default [${spec.default.join(',')}])`;
  }
}

/** A value as `--debug` prints it. */
export function valueText(value: FlagValue, type: FlagSpec['type']): ByteString {
  if (typeof value === 'bigint') return type === 'duration' ? formatDuration(value) : String(value);
  if (typeof value === 'object') return `[${value.join(',')}]`;
  return String(value);
}
