/** `check datascale`: how much memory a member needs to hold so many keys. */
import type { RawClient } from '@kv/client/raw';
import { kvService } from '@kv/proto/kv';
import type { ByteString } from '../bytes.js';
import type { CommandContext } from '../context.js';
import { ExitCode, ExitError } from '../exit.js';
import { errorText } from '../global/error-text.js';
import {
  compact,
  defragmentAll,
  deleteKeys,
  drawProgress,
  openClients,
  putMaker,
  requireEmpty,
} from './check-cluster.js';
import { LoadMeter, errorLines, loadModel } from './check-load.js';
import { orFail } from './failure.js';
import { residentBytes } from './memory-metric.js';

interface Model {
  readonly pairs: number;
  readonly clients: number;
}
const models = {
  s: { pairs: 10_000, clients: 50 },
  m: { pairs: 100_000, clients: 200 },
  l: { pairs: 1_000_000, clients: 500 },
  xl: { pairs: 3_000_000, clients: 1_000 },
} as const satisfies Readonly<Record<string, Model>>;

const keyBytes = 512;
const valueBytes = 512;
const bytesPerMegabyte = 1024 * 1024;

export async function run(context: CommandContext): Promise<ExitCode> {
  const { flags, io } = context;
  const name = flags.string('load');
  const model = loadModel<Model>(models, name);
  if (model === undefined) throw new ExitError(ExitCode.badFeature, `unknown load option ${name}`);
  const prefix = flags.string('prefix');
  const configuration = await context.configure();
  const clients = await openClients(configuration, model.clients);
  await requireEmpty(clients[0], prefix, '', Infinity);
  const memory = (): Promise<number | undefined> => residentBytes(configuration.config, io);
  const before = await memory();
  if (before === undefined) return unreadable(context, 'before');
  io.stdout(
    `Start data scale check for work load [${model.pairs} key-value pairs, ${keyBytes + valueBytes} bytes per key-value, ${model.clients} concurrent clients].\n`,
  );
  const errors = await putAll(context, clients, model, prefix);
  const after = await memory();
  if (after === undefined) return unreadable(context, 'after');
  const revision = await orFail(deleteKeys(clients[0], prefix, Infinity));
  if (flags.bool('auto-compact')) await compact(context, clients[0], revision);
  if (flags.bool('auto-defrag')) await defragmentAll(context, configuration);
  io.stdout(errorLines(errors));
  if (errors.size > 0) return ExitCode.error;
  const megabytes = ((after - before) / bytesPerMegabyte).toFixed(2);
  io.stdout(`PASS: Approximate system memory used : ${megabytes} MB.\n`);
  return ExitCode.success;
}

function unreadable({ io }: CommandContext, when: 'before' | 'after'): ExitCode {
  io.stdout(`FAIL: Could not read process_resident_memory_bytes ${when} the put operations.\n`);
  return ExitCode.error;
}

/** Puts as fast as the clients can, one at a time each. */
async function putAll(
  context: CommandContext,
  clients: readonly RawClient[],
  { pairs }: Model,
  prefix: ByteString,
): Promise<ReadonlyMap<ByteString, number>> {
  const meter = new LoadMeter();
  const makePut = putMaker(prefix, keyBytes, valueBytes);
  const step = pairs / 100;
  let begun = 0;
  let done = 0;
  const worker = async (client: RawClient): Promise<void> => {
    while (begun < pairs) {
      begun += 1;
      try {
        await client.call(kvService.put, makePut(), { timeoutMs: Infinity });
      } catch (error) {
        meter.failed(errorText(error));
      }
      done += 1;
      if (done % step === 0) drawProgress(context, done, pairs);
    }
  };
  await Promise.all(clients.map(worker));
  return meter.stats(0).errors;
}
