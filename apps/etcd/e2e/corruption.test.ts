/**
 * A member whose data differ from the others'. Goal: where it is told to compare it takes no part in anything, and when it runs, the
 * cluster names it and takes no changes any more. Method: real daemons; one is stopped and its store altered.
 */
import { createServer, type Server } from 'node:net';
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
  silent?.close();
  silent = undefined;
});

/** Takes connections at this address, and says nothing: who asks there waits as long as it may. */
let silent: Server | undefined;
async function listenSilently(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const server = createServer((socket) => socket.on('error', () => undefined).unref());
  silent = server;
  await new Promise<void>((resolve) => server.listen(Number(port), hostname, resolve));
}

/** A leader, one whose data are altered, and the third. */
async function openWithAltered(): Promise<{
  readonly leader: ClusterMember;
  readonly altered: ClusterMember;
  readonly other: ClusterMember;
}> {
  cluster = await Cluster.open();
  const leader = await cluster.leader();
  const [altered, other] = cluster.members.filter((member) => member !== leader);
  if (altered === undefined || other === undefined) throw new Error('there are three');
  await leader.client.put('k', 'right');
  await cluster.expectAgreement();
  await stop(altered);
  return { leader, altered, other };
}

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
    const { leader, altered } = await openWithAltered();
    const id = (await leader.client.members()).find(({ name }) => name === altered.name)?.ID;
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
    const members = cluster?.members ?? [];
    const others = members.filter((member) => member !== altered);
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
    for (const { client } of members) {
      const corrupt = { code: 15, details: 'etcdserver: corrupt cluster' };
      await expect(client.put('k', 'x')).rejects.toMatchObject(corrupt);
      expect(await client.get('k2')).toBe('nobody has complained');
    }
  },
);

it(
  'G-13 a member with another value takes no part while it compares: it gives nobody its vote',
  { timeout: 60_000 },
  async () => {
    const { leader, altered, other } = await openWithAltered();
    alterValue(altered.dataDir, 'right', 'false', 'renewed');
    const peerUrl = (await leader.client.members()).find(({ name }) => name === leader.name)
      ?.peerURLs[0];
    await leader.kill();
    // The third needs one more vote. The altered one compares for as long as it waits for the silent one: seven seconds.
    await listenSilently(peerUrl ?? '');
    const startedMs = performance.now();
    await refusal(altered);
    expect(performance.now() - startedMs).toBeGreaterThan(5000);
    const asked = other.process.lines.filter(({ msg }) => msg === 'follows a leader');
    expect(asked).toHaveLength(1);
    expect(await other.client.leads()).toBe(false);
    const connected = altered.process.lines.filter(({ msg }) => msg.startsWith('established'));
    expect(connected).toEqual([]);
    // Only its data were wrong: without the comparison it would have voted.
    altered.start();
    await altered.process.line('ready to serve client requests');
  },
);
