/**
 * A member whose data differ from the others'. Goal: it does not start when it is told to compare, and when it runs, the cluster names
 * it and takes no changes any more. Method: real daemons; one is stopped and its store altered.
 */
import { afterEach, expect, it, vi } from 'vitest';
import { alterValue } from './altered-store.js';
import { Cluster, type ClusterMember } from './cluster-process.js';
import type { LogLine } from './daemon-process.js';

const COMPARE_AT_START = '--feature-gates=InitialCorruptCheck=true';
const COMPARE_OFTEN = '--corrupt-check-time=500ms';
const CORRUPT = 2;

let cluster: Cluster | undefined;
afterEach(async () => {
  await cluster?.close();
  cluster = undefined;
});

async function stop({ process }: ClusterMember): Promise<void> {
  process.kill('SIGTERM');
  await process.exit;
}

/** Starts a member that is to refuse; returns its last words. */
async function refusal(member: ClusterMember): Promise<LogLine> {
  member.start(COMPARE_AT_START);
  expect(await member.process.exit).toEqual({ code: 1, signal: null });
  return member.process.line('discovery failed');
}

it(
  'G-13 F-17 H-D18 a member with another value does not start where it compares, and is named by the others where it runs',
  { timeout: 60_000 },
  async () => {
    cluster = await Cluster.open();
    const leader = await cluster.leader();
    const [altered] = cluster.members.filter((member) => member !== leader);
    if (altered === undefined) throw new Error('there are three');
    await leader.client.put('k', 'right');
    await cluster.expectAgreement();
    const id = (await leader.client.members()).find(({ name }) => name === altered.name)?.ID;

    await stop(altered);
    alterValue(altered.dataDir, 'right', 'wrong', 'kept');
    const damaged = await refusal(altered);
    expect(damaged['error']).toContain('the checksum of the value does not match');
    expect(damaged['hint']).toContain('restore a backup or rebuild this member');

    alterValue(altered.dataDir, 'wrong', 'false', 'renewed');
    const different = await refusal(altered);
    expect(different['error']).toBe(
      `${(id ?? 0n).toString(16)} found data inconsistency with peers`,
    );
    expect(different['hint']).toContain('keep a copy of the data directory');
    await leader.client.put('k2', 'nobody has complained');

    // Who leads compares, and blames the others: it is not to be the altered one.
    const others = cluster.members.filter((member) => member !== altered);
    await Promise.all(others.map(stop));
    for (const member of others) member.start(COMPARE_OFTEN);
    await Promise.all(others.map(({ process }) => process.line('ready to serve client requests')));
    altered.start(COMPARE_OFTEN);
    const alarms = await vi.waitFor(
      async () => {
        const found = await leader.client.alarms();
        expect(found).not.toEqual([]);
        return found;
      },
      { timeout: 20_000, interval: 100 },
    );
    expect(alarms).toEqual([{ memberID: id, alarm: CORRUPT }]);
    await altered.process.line('ready to serve client requests');
    for (const { client } of cluster.members) {
      const corrupt = { code: 15, details: 'etcdserver: corrupt cluster' };
      await expect(client.put('k', 'x')).rejects.toMatchObject(corrupt);
      expect(await client.get('k2')).toBe('nobody has complained');
    }
  },
);
