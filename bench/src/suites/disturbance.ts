/** The tail of puts while the store is busy with itself: a compaction, a snapshot that is read to its end, a defragmentation. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  CompactionRequest,
  DefragmentRequest,
  SnapshotRequest,
  SnapshotResponse,
  kvService,
  maintenanceService,
} from '@kv/proto';
import type { Comparison } from '../comparison.js';
import { putsInShape } from '../generators.js';
import { runH2load } from '../h2load.js';
import { fillByTxns } from '../loader.js';
import { loadAverage } from '../machine.js';
import { latenciesWithin, tailOf } from '../request-log.js';
import type { RequestLog } from '../request-log.js';
import { inTurn } from '../rounds.js';
import type { Setting } from '../rounds.js';
import type { Side } from '../side.js';
import { withRevisionCheck } from '../verified.js';

const shape = { connections: 10, streams: 1 };
const storeKeys = 200_000;
/** Keys that are overwritten before each compaction, so that it has something to remove. */
const overwrittenKeys = 50_000;
/** Puts come in slices of about half a second until the disturbance has ended. */
const requestsPerSlice = 3000;
/** The disturbance begins this long after the puts. */
const headStartMs = 100;
const nothingMs = 600;

interface Disturbance {
  readonly name: string;
  prepare?(side: Side): Promise<void>;
  run(side: Side): Promise<void>;
}

const disturbances: readonly Disturbance[] = [
  {
    name: 'nothing',
    run: () => delay(nothingMs),
  },
  {
    name: 'a compaction',
    prepare: (side) => fillByTxns(side, 0, overwrittenKeys),
    run: async (side) => {
      const revision = BigInt(await side.revision());
      await side.client.unary(
        kvService.compact,
        CompactionRequest.create({ revision, physical: true }),
      );
    },
  },
  {
    name: 'a snapshot',
    run: async (side) => {
      let bytes = 0;
      let total = Number.NaN;
      await side.client.serverStream(
        maintenanceService.snapshot,
        SnapshotRequest.create(),
        (message) => {
          const { blob, remainingBytes } = SnapshotResponse.decode(message);
          bytes += blob.length;
          if (Number.isNaN(total)) total = blob.length + Number(remainingBytes);
        },
      );
      // The digest of 32 bytes at the end is not part of what the first piece announces.
      if (bytes < total) {
        throw new Error(
          `${side.name}: the snapshot has ${String(bytes)} of ${String(total)} bytes`,
        );
      }
    },
  },
  {
    name: 'a defragmentation',
    run: async (side) => {
      await side.client.unary(maintenanceService.defragment, DefragmentRequest.create());
    },
  },
];

interface Tail {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly durationMs: number;
}

const join = (parts: readonly Float64Array[]): Float64Array =>
  Float64Array.from(parts.flatMap((part) => [...part]));

const epochMs = (): number => performance.timeOrigin + performance.now();

/** Puts in slices from before the disturbance until after it; counts those that were under way during it. */
async function putsDuring(side: Side, disturbance: Disturbance): Promise<Tail> {
  await disturbance.prepare?.(side);
  const logs: RequestLog[] = [];
  let written = 0;
  const slice = async (): Promise<void> => {
    const result = await runH2load(putsInShape(side, shape, requestsPerSlice));
    logs.push(result.log);
    written += result.requests;
  };
  let [fromMs, toMs] = [0, 0];
  const disturb = async (): Promise<void> => {
    await delay(headStartMs);
    fromMs = epochMs();
    try {
      await disturbance.run(side);
    } finally {
      toMs = epochMs();
    }
  };
  const load = async (): Promise<void> => {
    // Nothing but puts here: any other question may wait for the disturbance as well.
    do await slice();
    while (toMs === 0);
  };
  await slice();
  await withRevisionCheck(
    side,
    async () => {
      written = 0;
      await Promise.all([load(), disturb()]);
    },
    () => written,
  );
  const latencies = join(logs.map((log) => latenciesWithin(log, fromMs, toMs)));
  return { ...tailOf(latencies), durationMs: toMs - fromMs };
}

function rowOf(name: string, ours: readonly Tail[], theirs: readonly Tail[]): Comparison[] {
  const section = `puts 10x1 with ${storeKeys.toLocaleString('en-US')} keys while something else runs`;
  const values = (tails: readonly Tail[], key: keyof Tail): number[] => tails.map((t) => t[key]);
  const row = (what: string, key: keyof Tail, goal?: number): Comparison => ({
    section,
    name: `${name}: ${what}`,
    unit: 'ms',
    better: 'less',
    ...(goal === undefined ? {} : { goal }),
    ours: { values: values(ours, key) },
    theirs: { values: values(theirs, key) },
  });
  const rows = [row('p99 of puts', 'p99Ms', 1), row('slowest put', 'maxMs')];
  return name === 'nothing' ? rows : [...rows, row('it takes', 'durationMs')];
}

/** Both sides run and are empty. */
export async function compareDisturbances(setting: Setting): Promise<Comparison[]> {
  const { ours, theirs, rounds, say } = setting;
  for (const side of [ours, theirs]) await fillByTxns(side, 0, storeKeys);
  const rows: Comparison[] = [];
  for (const disturbance of disturbances) {
    const tails = { ours: [] as Tail[], theirs: [] as Tail[] };
    for (let round = 0; round < rounds; round += 1) {
      const load = loadAverage();
      for (const side of inTurn(setting, round)) {
        const tail = await putsDuring(side, disturbance);
        (side === ours ? tails.ours : tails.theirs).push(tail);
      }
      const last = (list: readonly Tail[]): string => (list.at(-1)?.p99Ms ?? 0).toFixed(1);
      say(
        `p99 of puts during ${disturbance.name}, round ${String(round + 1)}, load average ${load}: ours ${last(tails.ours)} ms, etcd ${last(tails.theirs)} ms`,
      );
    }
    rows.push(...rowOf(disturbance.name, tails.ours, tails.theirs));
  }
  return rows;
}
