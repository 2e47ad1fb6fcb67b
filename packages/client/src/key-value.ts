/** A pair of the store as the application sees it. */
import type { KeyValue as WireKeyValue } from '@kv/proto/kv';
import { codecError, type Codec } from './codec.js';
import { copyOf, counterFromWire } from './data.js';

/** A pair as it was at one revision. Its bytes are the caller's own copies. */
export interface KeyValue<Value = Uint8Array> {
  /** Without the prefix of the namespace. */
  readonly key: Uint8Array;
  /**
   * As the codec makes it. A value that the codec refuses throws `KvError` of code `codec` here, where it is read, so that one bad value ends
   * neither a range nor a watch. Empty in reads of keys only, and for deleted keys.
   */
  readonly value: Value;
  readonly createRevision: number;
  readonly modRevision: number;
  /** Number of puts since the key was created. */
  readonly version: number;
  /** 0n without a lease. */
  readonly lease: bigint;
  /** The value as it is in the store. */
  readonly bytes: Uint8Array;
  /** The key as UTF-8 text; what is no UTF-8 shows as U+FFFD. */
  keyText(): string;
  /** The value as UTF-8 text; what is no UTF-8 shows as U+FFFD. */
  text(): string;
  /** The value parsed as JSON. Throws `SyntaxError`. */
  json(): unknown;
}

const utf8 = new TextDecoder();

class StoredKeyValue<Value> implements KeyValue<Value> {
  readonly key: Uint8Array;
  readonly bytes: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  readonly lease: bigint;
  readonly #codec: Codec<Value, never>;
  #decoded: { readonly value: Value } | undefined;

  constructor(kv: WireKeyValue, prefixBytes: number, codec: Codec<Value, never>) {
    // Copied: a view would keep the whole message alive (J-4), and may be a Buffer.
    this.key = copyOf(kv.key.subarray(prefixBytes));
    this.bytes = copyOf(kv.value);
    this.createRevision = counterFromWire('create revision', kv.createRevision);
    this.modRevision = counterFromWire('mod revision', kv.modRevision);
    this.version = counterFromWire('version', kv.version);
    this.lease = kv.lease;
    this.#codec = codec;
  }

  get value(): Value {
    this.#decoded ??= { value: this.#decode() };
    return this.#decoded.value;
  }

  #decode(): Value {
    try {
      return this.#codec.decode(this.bytes);
    } catch (cause) {
      const where = `key "${this.keyText()}" at revision ${this.modRevision}`;
      throw codecError(this.#codec.name, 'decode', where, cause);
    }
  }

  keyText(): string {
    return utf8.decode(this.key);
  }

  text(): string {
    return utf8.decode(this.bytes);
  }

  json(): unknown {
    return JSON.parse(this.text());
  }
}

/** `prefixBytes` are cut from the key. */
export function keyValueFromWire<Value>(
  kv: WireKeyValue,
  prefixBytes: number,
  codec: Codec<Value, never>,
): KeyValue<Value> {
  return new StoredKeyValue(kv, prefixBytes, codec);
}
