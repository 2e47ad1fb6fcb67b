/** A big store: load it, weigh it, restart it, count and read it. Time must grow with the number of keys and no faster. */
import { RangeRequest, kvService } from '@kv/proto';
import type { Comparison } from '../comparison.js';
import { keyOf, loadByPuts } from '../loader.js';
import { loadAverage } from '../machine.js';
import { inTurn } from '../rounds.js';
import type { Side } from '../side.js';
import { median } from '../statistics.js';

const shape = { connections: 10, streams: 100 };
const pageKeys = 10_000;
const counts = 20;
const mebibyte = 1024 * 1024;

/** One side's figures; the load's latencies are those of its puts. */
interface StoreFigures {
  readonly loadPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly residentMiB: number;
  readonly diskMiB: number;
  readonly restartMs: number;
  readonly residentAfterRestartMiB: number;
  readonly countMs: number;
  readonly pagesMs: number;
}

const prefix = { key: Buffer.from('/bench/'), rangeEnd: Buffer.from('/bench0') };

async function timed(run: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await run();
  return performance.now() - startedMs;
}

function expectCount(side: Side, what: string, found: number, keys: number): void {
  if (found !== keys) {
    throw new Error(`${side.name}: ${what} finds ${String(found)} of ${String(keys)} keys`);
  }
}

async function count(side: Side, keys: number): Promise<void> {
  const request = RangeRequest.create({ ...prefix, countOnly: true });
  const response = await side.client.unary(kvService.range, request);
  expectCount(side, 'counting', Number(response.count), keys);
}

/** Field 2 of RangeResponse, a KeyValue, and its field 1, the key, as tags of the protobuf encoding. */
const kvsTag = 0x12;
const keyTag = 0x0a;

function varintAt(bytes: Buffer, at: number): { readonly value: number; readonly end: number } {
  let [value, scale, end] = [0, 1, at];
  for (;;) {
    const byte = bytes.readUInt8(end);
    end += 1;
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 0x80) return { value, end };
  }
}

/** The number of keys in a response and the last of them, without making objects of the rest: the client must not be what is measured. */
export function scanPage(response: Buffer): { readonly keys: number; readonly last: Buffer } {
  let [keys, at] = [0, 0];
  let last: Buffer = Buffer.alloc(0);
  while (at < response.length) {
    const tag = varintAt(response, at);
    const field = varintAt(response, tag.end);
    // Fields of length (wire type 2) are skipped by it; the others of this message are single varints.
    at = (tag.value & 7) === 2 ? field.end + field.value : field.end;
    if (tag.value !== kvsTag) continue;
    keys += 1;
    const head = varintAt(response, field.end);
    if (head.value !== keyTag) continue;
    const key = varintAt(response, head.end);
    last = response.subarray(key.end, key.end + key.value);
  }
  return { keys, last };
}

/** Reads every key in pages, all at one revision. */
async function readPages(side: Side, keys: number, revision: bigint): Promise<void> {
  let found = 0;
  let from: Buffer = prefix.key;
  while (found < keys) {
    const request = RangeRequest.create({
      key: from,
      rangeEnd: prefix.rangeEnd,
      limit: BigInt(pageKeys),
      revision,
    });
    const page = scanPage(await side.client.unaryBytes(kvService.range, request));
    if (page.keys === 0) break;
    found += page.keys;
    from = Buffer.concat([page.last, Buffer.of(0)]);
  }
  expectCount(side, 'paging', found, keys);
  const lastKey = from.subarray(0, -1);
  if (!lastKey.equals(keyOf(keys - 1))) {
    throw new Error(`${side.name}: the last page ends with ${lastKey.toString()}`);
  }
}

async function measure(side: Side, keys: number): Promise<StoreFigures> {
  await side.start();
  const load = await loadByPuts(side, keys, shape);
  const residentMiB = side.leader.residentBytes() / mebibyte;
  const diskMiB = side.leader.diskBytes() / mebibyte;
  await side.stop();
  const restartMs = await side.start();
  const residentAfterRestartMiB = side.leader.residentBytes() / mebibyte;
  const countsMs: number[] = [];
  for (let i = 0; i < counts; i += 1) countsMs.push(await timed(() => count(side, keys)));
  const revision = BigInt(await side.revision());
  const pagesMs = await timed(() => readPages(side, keys, revision));
  return {
    loadPerSecond: load.perSecond,
    p50Ms: load.p50Ms ?? Number.NaN,
    p99Ms: load.p99Ms ?? Number.NaN,
    residentMiB,
    diskMiB,
    restartMs,
    residentAfterRestartMiB,
    countMs: median(countsMs),
    pagesMs,
  };
}

function rowsOf(
  keys: number,
  ours: readonly StoreFigures[],
  theirs: readonly StoreFigures[],
): Comparison[] {
  const section = `${keys.toLocaleString('en-US')} keys of 32 B with 256 B`;
  const row = (
    name: string,
    unit: string,
    key: keyof StoreFigures,
    goal: number | undefined,
    better: 'more' | 'less' = 'less',
  ): Comparison => ({
    section,
    name,
    unit,
    better,
    ...(goal === undefined ? {} : { goal }),
    ours: { values: ours.map((f) => f[key]) },
    theirs: { values: theirs.map((f) => f[key]) },
  });
  const latencies = (
    figures: readonly StoreFigures[],
  ): Pick<Comparison['ours'], 'p50Ms' | 'p99Ms'> => ({
    p50Ms: figures.map((f) => f.p50Ms),
    p99Ms: figures.map((f) => f.p99Ms),
  });
  const load = row('load by single puts 10x100', 'requests/s', 'loadPerSecond', 2, 'more');
  return [
    {
      ...load,
      ours: { ...load.ours, ...latencies(ours) },
      theirs: { ...load.theirs, ...latencies(theirs) },
    },
    row('resident memory after the load', 'MiB', 'residentMiB', 1),
    row('resident memory after a restart', 'MiB', 'residentAfterRestartMiB', 1),
    row('disk', 'MiB', 'diskMiB', undefined),
    row('restart until a linearizable read is answered', 'ms', 'restartMs', 1),
    row('count all', 'ms', 'countMs', 1),
    row(`read all in pages of ${pageKeys.toLocaleString('en-US')}`, 'ms', 'pagesMs', 1),
  ];
}

/** `open` makes both sides anew, not started: each round loads an empty store, one side at a time so that memory and disk are its own. */
export async function compareStores(
  open: () => { readonly ours: Side; readonly theirs: Side },
  options: { readonly keys: number; readonly rounds: number },
  say: (line: string) => void,
): Promise<Comparison[]> {
  const figures = { ours: [] as StoreFigures[], theirs: [] as StoreFigures[] };
  for (let round = 0; round < options.rounds; round += 1) {
    const { ours, theirs } = open();
    await using _ours = ours;
    await using _theirs = theirs;
    for (const side of inTurn({ ours, theirs }, round)) {
      const load = loadAverage();
      const measured = await measure(side, options.keys);
      await side.stop();
      (side === ours ? figures.ours : figures.theirs).push(measured);
      say(
        `big store, round ${String(round + 1)}, load average ${load}: ${side.name} ${measured.loadPerSecond.toFixed(0)} puts/s, restart ${measured.restartMs.toFixed(0)} ms`,
      );
    }
  }
  return rowsOf(options.keys, figures.ours, figures.theirs);
}
