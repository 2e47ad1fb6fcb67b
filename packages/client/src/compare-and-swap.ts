/** Changes that depend on what is there: create, replace, remove, and update by a function. */
import { KvError } from './errors.js';
import type { Bytes } from './data.js';
import type { KeyValue } from './key-value.js';
import type { DeleteOptions, KvClient, PutOptions } from './kv.js';
import {
  del,
  find,
  put,
  when,
  type DeleteOperation,
  type PutOperation,
  type PutResult,
} from './operation.js';
import type { CallSettings, RawClient } from './raw.js';

export type SwapResult<Value = Uint8Array> =
  | {
      readonly succeeded: true;
      /** At which the change took effect. */
      readonly revision: number;
    }
  | {
      readonly succeeded: false;
      readonly revision: number;
      /** What was there instead. */
      readonly current: KeyValue<Value> | undefined;
    };

export interface UpdateOptions extends PutOptions {
  /** Default 100. */
  readonly attemptsMax?: number;
}

/** Attempts of updates and of software transactions that name no bound. */
export const attemptsMaxDefault = 100;
/** Random pause after a collision: up to the first, doubling up to the last; milliseconds. */
const pauseFirstMs = 4;
const pauseLastMs = 500;

export function compareAndPut<Value, Input>(
  kv: KvClient<Value, Input>,
  key: Bytes,
  modRevision: number,
  value: Input,
  options: PutOptions,
): Promise<SwapResult<Value>> {
  return swap(kv, key, modRevision, put(key, value, options), options);
}

export function compareAndRemove<Value, Input>(
  kv: KvClient<Value, Input>,
  key: Bytes,
  modRevision: number,
  options: DeleteOptions,
): Promise<SwapResult<Value>> {
  return swap(kv, key, modRevision, del(key), options);
}

async function swap<Value, Input>(
  kv: KvClient<Value, Input>,
  key: Bytes,
  modRevision: number,
  operation: PutOperation<Input> | DeleteOperation,
  settings: CallSettings,
): Promise<SwapResult<Value>> {
  const result = await kv.transact(
    { if: [when.modRevision(key, '=', modRevision)], then: [operation], else: [find(key)] },
    settings,
  );
  if (result.succeeded) return { succeeded: true, revision: result.revision };
  return { succeeded: false, revision: result.revision, current: result.results[0] };
}

export async function updateValue<Value, Input>(
  kv: KvClient<Value, Input>,
  raw: RawClient,
  key: Bytes,
  change: (
    value: Value | undefined,
    kv: KeyValue<Value> | undefined,
  ) => Input | undefined | Promise<Input | undefined>,
  options: UpdateOptions,
): Promise<PutResult<Value> | undefined> {
  const attemptsMax = options.attemptsMax ?? attemptsMaxDefault;
  const { prevKv: _ignored, ...settings } = options;
  let current = await kv.find(key, callSettings(options));
  for (let attempt = 1; ; attempt++) {
    const value = await change(current?.value, current);
    if (value === undefined) return undefined;
    const swap = await compareAndPut(kv, key, current?.modRevision ?? 0, value, settings);
    if (swap.succeeded) return { revision: swap.revision, prevKv: current };
    if (attempt >= attemptsMax) throw conflict(attempt);
    await pauseAfterConflict(raw, attempt, options.signal);
    current = swap.current;
  }
}

/** What of the options concerns the call alone. */
export function callSettings({
  signal,
  timeoutMs,
  endpoint,
}: PutOptions): Pick<PutOptions, 'signal' | 'timeoutMs' | 'endpoint'> {
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(endpoint === undefined ? {} : { endpoint }),
  };
}

export function conflict(attempts: number): KvError {
  return new KvError('conflict', `somebody else was quicker ${attempts} times in a row`, {
    outcome: 'definite',
  });
}

/** Lets the others finish first: a random pause that grows. `attempt` counts from 1. */
export function pauseAfterConflict(
  raw: RawClient,
  attempt: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const ceilingMs = Math.min(pauseLastMs, pauseFirstMs * 2 ** Math.min(attempt, 20));
  return raw.pause(ceilingMs * raw.random(), signal);
}
