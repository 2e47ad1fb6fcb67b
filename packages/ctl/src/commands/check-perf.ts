/** `check perf`: a minute of puts at a fixed rate, and whether the cluster kept up. */
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
import { LoadMeter, Pacer, loadModel, perfReport, type LoadStats } from './check-load.js';

interface Model {
  readonly perSecond: number;
  readonly clients: number;
}
const models = {
  s: { perSecond: 150, clients: 50 },
  m: { perSecond: 1_000, clients: 200 },
  l: { perSecond: 8_000, clients: 500 },
  xl: { perSecond: 15_000, clients: 1_000 },
} as const satisfies Readonly<Record<string, Model>>;

const durationMs = 60_000;
/** How often permits are handed out: fine enough for the highest rate, which is 75 each time. */
const tickMs = 5;
const keyBytes = 256;
const valueBytes = 1_024;

export async function run(context: CommandContext): Promise<ExitCode> {
  const { flags, io } = context;
  const name = flags.string('load');
  const model = loadModel<Model>(models, name);
  if (model === undefined) throw new ExitError(ExitCode.badFeature, `unknown load option ${name}`);
  const prefix = flags.string('prefix');
  const configuration = await context.configure();
  const clients = await openClients(configuration, model.clients);
  await requireEmpty(clients[0], prefix, "'", durationMs);
  const stats = await measure(context, clients, model, prefix);
  await cleanUp(context, clients[0], prefix);
  if (flags.bool('auto-defrag')) await defragmentAll(context, configuration);
  const { text, passed } = perfReport(stats, model.perSecond);
  io.stdout(text);
  return passed ? ExitCode.success : ExitCode.error;
}

/** Ends after the minute, or earlier by SIGINT, when every put that began has ended. */
async function measure(
  context: CommandContext,
  clients: readonly RawClient[],
  { perSecond }: Model,
  prefix: ByteString,
): Promise<LoadStats> {
  const startMs = performance.now();
  const pacer = new Pacer(perSecond, clients.length, startMs);
  const meter = new LoadMeter();
  const makePut = putMaker(prefix, keyBytes, valueBytes);
  context.io.onStop(['SIGINT'], () => {
    pacer.stop();
  });
  const totalSeconds = durationMs / 1_000;
  let seconds = 0;
  const timer = setInterval(() => {
    const elapsedMs = performance.now() - startMs;
    pacer.advance(startMs + elapsedMs);
    const passed = Math.min(totalSeconds, Math.floor(elapsedMs / 1_000));
    if (passed > seconds) drawProgress(context, passed, totalSeconds);
    seconds = passed;
    if (elapsedMs >= durationMs) pacer.stop();
  }, tickMs);
  const worker = async (client: RawClient): Promise<void> => {
    while (await pacer.permit()) {
      const sentMs = performance.now();
      try {
        await client.call(kvService.put, makePut(), { timeoutMs: Infinity });
        meter.succeeded((performance.now() - sentMs) / 1_000);
      } catch (error) {
        meter.failed(errorText(error));
      }
    }
  };
  try {
    await Promise.all(clients.map(worker));
  } finally {
    clearInterval(timer);
  }
  return meter.stats((performance.now() - startMs) / 1_000);
}

/** A failure to delete is told, and does not change the result. */
async function cleanUp(
  context: CommandContext,
  client: RawClient,
  prefix: ByteString,
): Promise<void> {
  let revision: bigint;
  try {
    revision = await deleteKeys(client, prefix);
  } catch (error) {
    context.io.stdout(`FAIL: Cleanup failed during key deletion: ERROR(${errorText(error)})\n`);
    return;
  }
  if (context.flags.bool('auto-compact')) await compact(context, client, revision);
}
