/** What was acknowledged survives kill -9 (guarantee of durability; the long form of this runs by hand). */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { TestClient } from './client.js';
import { DaemonProcess, memberArgs, temporaryDirectory } from './daemon-process.js';

const rounds = Number(process.env['KV_CRASH_ROUNDS'] ?? 5);
const WRITERS = 20;
/** Revisions that were given to two acknowledged writes: there must be none. */
const repeated: bigint[] = [];

/** Writes until the connection breaks; keeps the last acknowledged value of each writer's key, and every revision that was given. */
async function writeUntilDead(
  address: string,
  acknowledged: Map<string, number>,
  revisions: Set<bigint>,
): Promise<void> {
  const kv = new TestClient(address);
  const writer = async (key: string): Promise<void> => {
    for (let next = (acknowledged.get(key) ?? 0) + 1; ; next += 1) {
      const revision = await kv.put(key, next.toString());
      acknowledged.set(key, next);
      if (revisions.has(revision)) repeated.push(revision);
      revisions.add(revision);
    }
  };
  const keys = Array.from({ length: WRITERS }, (_, index) => `writer-${index.toString()}`);
  await Promise.allSettled(keys.map(writer));
  kv.close();
}

it(
  `CP-kill: ${rounds.toString()} times kill -9 under load: nothing acknowledged is lost, nothing comes twice`,
  { timeout: 60_000 + rounds * 10_000 },
  async () => {
    const directory = temporaryDirectory();
    const dataDir = join(directory.path, 'data');
    const acknowledged = new Map<string, number>();
    const revisions = new Set<bigint>();
    let daemon: DaemonProcess | undefined;
    try {
      for (let round = 0; round < rounds; round += 1) {
        daemon = new DaemonProcess({ args: memberArgs(dataDir) });
        const address = await daemon.ready();
        const kv = new TestClient(address);
        for (const [key, last] of acknowledged) {
          const stored = Number(await kv.get(key));
          // A write that was under way may have got through without its answer; one per writer.
          expect([last, last + 1], key).toContain(stored);
          acknowledged.set(key, stored);
        }
        kv.close();
        const written = writeUntilDead(address, acknowledged, revisions);
        // A different moment each time: after so many more acknowledgements.
        const target = total(acknowledged) + 50 + round * 37;
        while (total(acknowledged) < target) await new Promise((resolve) => setImmediate(resolve));
        daemon.kill('SIGKILL');
        await daemon.exit;
        await written;
      }
      expect(repeated).toEqual([]);
      expect(total(acknowledged)).toBeGreaterThan(rounds * 50);
    } finally {
      await daemon?.end();
      directory.remove();
    }
  },
);

function total(counts: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}
