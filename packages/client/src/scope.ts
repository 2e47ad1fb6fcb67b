/** A part of the key space as one application sees it: keys below a prefix, values through a codec. */
import type { KeyValue as WireKeyValue } from '@kv/proto/kv';
import { codecError, type Codec } from './codec.js';
import {
  bytesOf,
  concat,
  prefixEnd,
  rangeOf,
  startsWith,
  type KeySelector,
  type WireRange,
} from './data.js';
import { KvError } from './errors.js';
import { keyValueFromWire, type KeyValue } from './key-value.js';

export class Scope<Value, Input> {
  readonly prefix: Uint8Array;
  readonly codec: Codec<Value, Input>;

  constructor(prefix: Uint8Array, codec: Codec<Value, Input>) {
    this.prefix = prefix;
    this.codec = codec;
  }

  below(prefix: Uint8Array): Scope<Value, Input> {
    return new Scope(concat(this.prefix, prefix), this.codec);
  }

  with<NewValue, NewInput>(codec: Codec<NewValue, NewInput>): Scope<NewValue, NewInput> {
    return new Scope(this.prefix, codec);
  }

  /** Refuses the empty key, which below a prefix would be the prefix itself. */
  keyToWire(key: unknown): Uint8Array {
    const own = bytesOf('key', key);
    if (own.length === 0) {
      throw new KvError('emptyKey', 'etcdserver: key is not provided', { outcome: 'definite' });
    }
    return concat(this.prefix, own);
  }

  rangeToWire(keys: KeySelector): WireRange {
    const { key, rangeEnd } = rangeOf(keys);
    if (rangeEnd.length === 0) return { key: this.keyToWire(key), rangeEnd };
    if (this.prefix.length === 0) return { key, rangeEnd };
    const isOpen = rangeEnd.length === 1 && rangeEnd[0] === 0;
    return {
      key: concat(this.prefix, key),
      rangeEnd: isOpen ? prefixEnd(this.prefix) : concat(this.prefix, rangeEnd),
    };
  }

  valueToWire(key: Uint8Array, value: Input): Uint8Array {
    let encoded: unknown;
    try {
      encoded = this.codec.encode(value);
    } catch (cause) {
      const where = `key "${new TextDecoder().decode(key)}"`;
      throw codecError(this.codec.name, 'encode', where, cause);
    }
    return bytesOf('value', encoded);
  }

  kvFromWire(kv: WireKeyValue): KeyValue<Value> {
    if (!startsWith(kv.key, this.prefix)) {
      throw new KvError('protocol', 'the server sent a key outside of the range that was asked', {
        outcome: 'unknown',
      });
    }
    return keyValueFromWire(kv, this.prefix.length, this.codec);
  }
}
