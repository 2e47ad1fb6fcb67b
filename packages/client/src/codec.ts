/** How values look to the application, and their bytes in the store. */
import { KvError } from './errors.js';
import type { Bytes } from './data.js';

/** `encode` and `decode` undo each other. Either may throw: a bad value is then refused, or reported where it is read. */
export interface Codec<Value, Input = Value> {
  /** For messages: `json`, `Config`. */
  readonly name: string;
  encode(value: Input): Bytes;
  /** `bytes` is the caller's own copy. */
  decode(bytes: Uint8Array): Value;
}

/** Any value that JSON can say. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json | undefined };

/** Bytes as they are; text goes in as its UTF-8 bytes. */
export const bytes: Codec<Uint8Array, Bytes> = {
  name: 'bytes',
  encode: (value) => value,
  decode: (value) => value,
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text as UTF-8. Bytes that are no UTF-8 are refused, never replaced. */
export const text: Codec<string> = {
  name: 'text',
  encode: (value) => value,
  decode: (value) => utf8.decode(value),
};

export interface JsonCodec extends Codec<Json> {
  /**
   * JSON of one type. `check` turns what was parsed into a `Value` or throws (a schema's `parse` fits); without it the type is only claimed.
   */
  <Value>(check?: (parsed: unknown) => Value): Codec<Value>;
}

/** JSON: `withCodec(json)`, or `withCodec(json<Config>())`, or `withCodec(json(Config.parse))`. */
export const json: JsonCodec = Object.defineProperty(
  Object.assign(
    <Value>(check?: (parsed: unknown) => Value): Codec<Value> =>
      jsonCodec<Value>(check ?? ((parsed) => parsed as Value)),
    { encode: encodeJson, decode: (value: Uint8Array): Json => decodeJson(value) as Json },
  ),
  'name',
  { value: 'json' },
);

function jsonCodec<Value>(check: (parsed: unknown) => Value): Codec<Value> {
  return { name: 'json', encode: encodeJson, decode: (value) => check(decodeJson(value)) };
}

function encodeJson(value: unknown): string {
  const encoded = JSON.stringify(value) as string | undefined;
  if (encoded === undefined) throw new TypeError(`a ${typeof value} has no JSON`);
  return encoded;
}

function decodeJson(value: Uint8Array): unknown {
  return JSON.parse(utf8.decode(value));
}

/** The error for a value that its codec refused. `where` names the key, never the value. */
export function codecError(
  codec: string,
  action: 'encode' | 'decode',
  where: string,
  cause: unknown,
): KvError {
  const why = cause instanceof Error ? cause.message : String(cause);
  // JSON.parse quotes what it could not read; values are not for logs.
  const detail = cause instanceof SyntaxError ? 'it is malformed' : why;
  return new KvError(
    'codec',
    `codec "${codec}" cannot ${action} the value of ${where}: ${detail}`,
    {
      outcome: 'definite',
      cause,
    },
  );
}
