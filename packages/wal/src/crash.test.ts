// Goal: after a crash at any write, the log opens to exactly what had been promised, or a little more, never to less
// and never to anything else. Method: random histories on a simulated disk, power loss at every operation in turn,
// each way of losing un-synced writes, compared with a naive model.
import { describe, expect, it } from 'vitest';
import { describeRecovered, Driver, History } from '../test/model.js';
import { create, entry, makeDisk, METADATA, open, state } from '../test/support.js';
import { PowerLoss, type CrashPolicy, type FaultyDisk } from './testing/index.js';
import { seededRandom } from './testing/random.js';
import { WalError } from './errors.js';

const POLICIES: readonly CrashPolicy[] = ['none', 'all', 'sectors', 'prefix'];
const STEPS = 14;
/** Longer runs: WAL_CRASH_SEEDS=500 pnpm test src/crash.test.ts */
const SEEDS = Number(process.env['WAL_CRASH_SEEDS'] ?? 6);

/** Runs one history until its end or the crash. `created` tells whether the log was ever promised. */
async function run(
  disk: FaultyDisk,
  seed: number,
): Promise<{ history: History; created: boolean }> {
  const history = new History();
  let created = false;
  try {
    const wal = await create(disk);
    created = true;
    const driver = new Driver(seededRandom(seed), history);
    for (let i = 0; i < STEPS; i++) await driver.step(wal);
    await wal.close();
  } catch (error) {
    if (!isPowerLoss(error)) throw error;
  }
  return { history, created };
}

function isPowerLoss(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof PowerLoss) return true;
  }
  return false;
}

async function verify(
  disk: FaultyDisk,
  history: History,
  created: boolean,
  context: string,
): Promise<void> {
  let opened;
  try {
    opened = await open(disk, { snapshots: history.files });
  } catch (error) {
    if (!created && error instanceof WalError && error.code === 'not-found') return;
    throw new Error(`${context}: does not open`, { cause: error });
  }
  const { wal, recovered } = opened;
  const found = describeRecovered(recovered);
  const allowed: string[] = [];
  for (let count = history.promised; count <= history.atoms.length; count++)
    allowed.push(history.expected(count));
  if (!allowed.includes(found)) {
    throw new Error(
      `${context}: found\n${found}\nallowed ${history.promised}..${history.atoms.length}\n${allowed.join('\n')}`,
    );
  }
  expect(recovered.metadata).toEqual(METADATA);
  // The log that came back works: it takes more, and a second crash does not take away what was found.
  // As in Raft, a new leader's entry follows what is committed, and replaces what is not.
  const commit = recovered.hardState?.commit ?? 0;
  const next = entry(commit + 1, 1000, 'after the crash');
  wal.append({ entries: [next], hardState: state(1000, commit) });
  await wal.sync();
  disk.reboot('none');
  const again = await open(disk, { snapshots: history.files });
  const kept = recovered.entries.filter((one) => one.index <= commit);
  expect(again.recovered.entries, context).toEqual([...kept, next]);
  expect(again.recovered.repair, context).toBeUndefined();
}

describe('CP-1 CP-2 CP-3 CP-6 F-21 G-2 G-16 H-D14: power loss at every operation', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    it(`seed ${seed}`, async () => {
      const whole = makeDisk(seed);
      await run(whole, seed);
      for (let operation = 0; operation <= whole.operations; operation++) {
        for (const policy of POLICIES) {
          const disk = makeDisk(seed * 1000 + operation);
          disk.crashAt(operation);
          const { history, created } = await run(disk, seed);
          disk.reboot(policy);
          await verify(
            disk,
            history,
            created,
            `seed ${seed}, operation ${operation} of ${whole.operations}, ${policy}`,
          );
        }
      }
    });
  }
});
