/**
 * Goal: the same seed and the same steps give the same run. Method: a story with crashes and elections, told twice, in this process; what
 * clients and members say is compared word by word.
 */
import { expect, test } from 'vitest';
import { createTestCluster } from '../src/index.js';

/** Who led when, what was granted, and every revision. */
async function story(seed: number): Promise<readonly string[]> {
  const told: string[] = [];
  await using cluster = await createTestCluster({ members: 3, seed });
  const client = await cluster.client();
  for (let round = 0; round < 4; round++) {
    const leader = await cluster.leader();
    const lease = await client.lease.grant(30);
    const { revision } = await client.kv.put(`key/${round}`, leader, { timeoutMs: 60_000 });
    told.push(`${cluster.nowMs} ${leader} leads, lease ${lease.id}, revision ${revision}`);
    cluster.crash(leader, 'torn');
    const next = await cluster.leader();
    told.push(`${cluster.nowMs} ${next} follows`);
    await cluster.restart(leader);
    await cluster.advance('3s');
  }
  return told;
}

test('the same seed tells the same story', async () => {
  expect(await story(42)).toEqual(await story(42));
});

test('another seed tells another one', async () => {
  expect(await story(43)).not.toEqual(await story(42));
});
