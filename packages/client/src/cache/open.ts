/** Opening a cache over a client, or over a part of the key space. */
import type { KeySelector } from '../data.js';
import type { KvClient } from '../kv.js';
import type { Ambient } from '../wait.js';
import { Cache, type CacheOptions } from './cache.js';
import { cacheSource } from './source.js';

/** What a cache needs of a client. `kv` may be a namespace, or have a codec. */
export interface CacheClient<Value, Input> {
  readonly kv: KvClient<Value, Input>;
  readonly raw: Ambient;
}

/** See `Client.cache`. */
export function cacheOf<Value, Input>(
  client: CacheClient<Value, Input>,
  keys: KeySelector,
  options: CacheOptions = {},
): Cache<Value> {
  return new Cache(cacheSource(client.kv, client.raw, keys), nameOf(keys), options);
}

/** How messages call the keys. */
function nameOf(keys: KeySelector): string {
  const text = (bytes: string | Uint8Array): string =>
    JSON.stringify(typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes));
  if (typeof keys === 'string' || keys instanceof Uint8Array) return `key ${text(keys)}`;
  if ('prefix' in keys) return `prefix ${text(keys.prefix)}`;
  return 'from' in keys ? `keys from ${text(keys.from)}` : 'all keys';
}
