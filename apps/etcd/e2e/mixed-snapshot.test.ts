/**
 * Members of both kinds, one of which lacks more than the log holds. Goal: no snapshot goes between the kinds; where entries are kept none is
 * needed; beyond that it is said who can not catch up and what helps, and that helps. Method: real daemons, one stopped for long; those of
 * etcd need its program (below `REF`).
 */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Cluster, reference, type ClusterMember } from './cluster-process.js';
import type { LogLine } from './daemon-process.js';

const TEST_MS = 240_000;
const SHORT_LOG = ['--snapshot-count=1000', '--snapshot-catchup-entries=500'];
/** Beyond what is kept for members of etcd: 256 MiB. */
const LARGE_PUTS = 280;
const LARGE_VALUE = 'v'.repeat(1024 * 1024);

let cluster: Cluster | undefined;
afterEach(async () => {
  await cluster?.close();
  cluster = undefined;
});

async function open(
  ...programs: readonly (string | undefined)[]
): Promise<readonly [ClusterMember, ClusterMember, ClusterMember]> {
  cluster = await Cluster.open(programs, SHORT_LOG);
  const [a, b, c] = cluster.members;
  if (a === undefined || b === undefined || c === undefined) throw new Error('there are three');
  return [a, b, c];
}

/** A few keys, written again and again. */
async function putMany({ client }: ClusterMember, count: number, value: string): Promise<void> {
  let next = 0;
  const write = async (): Promise<void> => {
    while (next < count) await client.put(`k${next++ % 20}`, value);
  };
  await Promise.all(Array.from({ length: 8 }, write));
}

/** Moves leadership to a member, while the third is away or not. */
async function lead(target: ClusterMember): Promise<void> {
  const { id } = await target.client.self();
  await vi.waitFor(
    async () => {
      if (await target.client.leads()) return;
      for (const { client } of cluster?.members ?? []) {
        if (await client.leads().catch(() => false)) await client.moveLeader(id);
      }
      expect(await target.client.leads()).toBe(true);
    },
    { timeout: 30_000, interval: 200 },
  );
}

const metric = async ({ clientUrl }: ClusterMember, name: string): Promise<string | undefined> =>
  (await (await fetch(`${clientUrl}/metrics`)).text())
    .split('\n')
    .find((line) => line.startsWith(name));

const NO_HELP = 'a member of etcd can not catch up';
const NO_HELP_HERE = 'this member can not catch up with a leader of etcd';

describe.skipIf(reference === undefined)('between the kinds', () => {
  it('a leader of ours keeps the log for a member of etcd', { timeout: TEST_MS }, async () => {
    const [a, b, theirs] = await open(undefined, undefined, reference);
    await theirs.kill();
    const leader = await cluster?.leader();
    await putMany(leader ?? a, 5000, 'v');
    theirs.start();
    await theirs.process.line('ready to serve client requests');
    // What is kept for it is enough: no snapshot was needed.
    await cluster?.expectAgreement();
    for (const { process } of [a, b])
      expect(process.lines.map(({ msg }) => msg)).not.toContain(NO_HELP);
  });

  it(
    'beyond what is kept it names the member of etcd; another one of etcd that leads helps it',
    { timeout: TEST_MS },
    async () => {
      const [ours, helper, behind] = await open(undefined, reference, reference);
      await lead(ours);
      const { id } = await behind.client.self();
      await behind.kill();
      await putMany(ours, LARGE_PUTS, LARGE_VALUE);
      // More than the helper keeps: it sends a snapshot.
      await putMany(ours, 2000, 'v');
      behind.start();
      const line: LogLine = await ours.process.line(NO_HELP);
      const helperId = (await helper.client.self()).id.toString(16);
      expect(line['remote-peer-id']).toBe(id.toString(16));
      expect(line['hint']).toContain(`etcdctl move-leader ${helperId}`);
      const gauge = `kv_server_peer_left_behind{To="${id.toString(16)}"}`;
      expect(await metric(ours, gauge)).toBe(`${gauge} 1`);
      await lead(helper);
      await cluster?.expectAgreement();
      expect(await metric(ours, gauge)).toBe(`${gauge} 0`);
      expect(ours.process.lines.filter(({ msg }) => msg === NO_HELP)).toHaveLength(1);
    },
  );

  it(
    'behind a leader of etcd a member of ours says why; another one of ours that leads helps it',
    { timeout: TEST_MS },
    async () => {
      const [theirs, helper, behind] = await open(reference, undefined, undefined);
      await lead(theirs);
      await behind.kill();
      await putMany(theirs, 5000, 'v');
      behind.start();
      const line: LogLine = await behind.process.line(NO_HELP_HERE);
      expect(line['remote-peer-id']).toBe((await theirs.client.self()).id.toString(16));
      expect(line['hint']).toContain('let a member of this kind lead');
      await lead(helper);
      await cluster?.expectAgreement();
      expect(behind.process.lines.filter(({ msg }) => msg === NO_HELP_HERE)).toHaveLength(1);
      const counter = 'kv_server_foreign_snapshots_refused_total';
      expect(Number((await metric(behind, counter))?.split(' ')[1])).toBeGreaterThan(0);
    },
  );
});
