/** What both checks do with the cluster before and after their puts. */
import type { RawClient } from '@kv/client/raw';
import {
  CompactionRequest,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  kvService,
} from '@kv/proto/kv';
import { maintenanceService } from '@kv/proto/maintenance';
import { toBytes, type ByteString } from '../bytes.js';
import type { CommandContext, Configuration } from '../context.js';
import { ExitCode, ExitError } from '../exit.js';
import { quote } from '../go/quote.js';
import { orFail } from './failure.js';
import { prefixEnd, range } from './range.js';

/** Limit for each step of tidying up. */
const tidyMsMax = 30_000;

/** Opens so many clients: each has a connection of its own. */
export async function openClients(
  { config, connect }: Configuration,
  count: number,
): Promise<readonly [RawClient, ...RawClient[]]> {
  const first = await connect(config.endpoints);
  const others: RawClient[] = [];
  while (others.length + 1 < count) others.push(await connect(config.endpoints));
  return [first, ...others];
}

/** Throws `ExitError` when there are keys; `hint` is how the message quotes the command. */
export async function requireEmpty(
  client: RawClient,
  prefix: ByteString,
  hint: '' | "'",
  timeoutMs: number,
): Promise<void> {
  const request = RangeRequest.create({ ...range(prefix, prefixEnd(prefix)), limit: 1n });
  const { kvs } = await orFail(client.call(kvService.range, request, { timeoutMs }));
  if (kvs.length === 0) return;
  throw new ExitError(
    ExitCode.invalidInput,
    `prefix ${quote(prefix)} has keys. Delete with ${hint}etcdctl del --prefix ${prefix}${hint} first`,
  );
}

/** Makes puts of random keys under a prefix; a key has `keyBytes` after the prefix, most of them zero. */
export function putMaker(
  prefix: ByteString,
  keyBytes: number,
  valueBytes: number,
): () => PutRequest {
  const start = toBytes(prefix);
  const value = new Uint8Array(valueBytes);
  return () => {
    const key = new Uint8Array(start.length + keyBytes);
    key.set(start);
    crypto.getRandomValues(key.subarray(start.length, start.length + 8));
    return PutRequest.create({ key, value });
  };
}

/** Deletes the keys. Rejects with the call's failure; resolves with the revision of the deletion. */
export async function deleteKeys(
  client: RawClient,
  prefix: ByteString,
  timeoutMs: number = tidyMsMax,
): Promise<bigint> {
  const request = DeleteRangeRequest.create(range(prefix, prefixEnd(prefix)));
  const { header } = await client.call(kvService.deleteRange, request, { timeoutMs });
  return header?.revision ?? 0n;
}

export async function compact(
  { io }: CommandContext,
  client: RawClient,
  revision: bigint,
): Promise<void> {
  io.stdout(`Compacting with revision ${revision}\n`);
  const request = CompactionRequest.create({ revision, physical: true });
  await orFail(client.call(kvService.compact, request, { timeoutMs: tidyMsMax }));
  io.stdout(`Compacted with revision ${revision}\n`);
}

export async function defragmentAll(
  { io }: CommandContext,
  { config, connect }: Configuration,
): Promise<void> {
  for (const endpoint of config.endpoints) {
    io.stdout(`Defragmenting ${quote(endpoint)}\n`);
    const client = await connect([endpoint]);
    await orFail(client.call(maintenanceService.defragment, {}, { timeoutMs: tidyMsMax }));
    io.stdout(`Defragmented ${quote(endpoint)}\n`);
  }
}

/** Draws how far the work is on one line of standard error, where that is a terminal. */
export function drawProgress({ io }: CommandContext, done: number, total: number): void {
  if (!io.drawsProgress) return;
  const columns = 40;
  const filled = Math.round((columns * done) / total);
  const bar = `${'='.repeat(filled)}${' '.repeat(columns - filled)}`;
  io.stderr(`\r${done} / ${total} [${bar}] ${Math.round((100 * done) / total)}%`);
  if (done === total) io.stderr('\n');
}
