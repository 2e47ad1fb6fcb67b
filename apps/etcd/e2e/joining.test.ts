/**
 * Members that join a cluster whose log no longer begins at its beginning, as processes. Goal: who comes then gets the store and the membership
 * together by a snapshot, as a voter or as a learner, also with kill -9 on the way; and so does a member that was away while both changed.
 * In the end all hold the same, hash by hash and member by member.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { ChangingCluster, eventually, type ChangingMember } from './changing-cluster.js';

const TEST_MS = 240_000;
/** A log that is soon cut: entries between two snapshots, and behind the newest. */
const SHORT_LOG = ['--snapshot-count=500', '--snapshot-catchup-entries=100'];
const PUTS = 4000;
const WRITERS = 50;
const EXISTING = '--initial-cluster-state=existing';
const RECEIVED = 'received and saved database snapshot';

let cluster: ChangingCluster;
afterEach(async () => {
  await cluster.close();
});

async function putMany({ client }: ChangingMember, count = PUTS): Promise<void> {
  let next = 0;
  const write = async (): Promise<void> => {
    while (next < count) await client.put(`k${next++ % 1000}`, 'v'.repeat(256));
  };
  await Promise.all(Array.from({ length: WRITERS }, write));
}

/** Three members, of which the first leads, with a history that is compacted and a log that is cut. */
async function openCompacted(
  ...more: readonly string[]
): Promise<readonly [ChangingMember, ChangingMember, ChangingMember]> {
  cluster = await ChangingCluster.openWith([...SHORT_LOG, ...more], 'ours', 'ours', 'ours');
  const [a, b, c] = cluster.members;
  if (a === undefined || b === undefined || c === undefined) throw new Error('there are three');
  await cluster.lead(a);
  await putMany(a);
  await a.client.compact();
  await putMany(a, 1000);
  return [a, b, c];
}

/** All members tell of the same members. */
async function expectSameMembers(): Promise<void> {
  const expected = cluster.members.map(({ name }) => name).toSorted();
  await eventually(async () => {
    const lists = await Promise.all(cluster.members.map(({ client }) => client.members()));
    for (const list of lists) {
      expect(list.map(({ name }) => name).toSorted()).toEqual(expected);
      expect(list).toEqual(lists[0]);
    }
  });
}

const gotSnapshot = ({ process }: ChangingMember): boolean =>
  process.lines.some(({ msg }) => msg === RECEIVED);

describe('a member that is added to a cluster whose log is cut', () => {
  it(
    'F-26 as a voter: gets store and membership by a snapshot, votes, and starts again with both',
    { timeout: TEST_MS },
    async () => {
      const [a, b, c] = await openCompacted();
      const d = await cluster.add('ours', a, false);
      expect(gotSnapshot(d)).toBe(true);
      await expectSameMembers();
      await cluster.expectAgreement();
      await d.kill();
      await d.start(cluster.members, EXISTING);
      await expectSameMembers();
      // Without its vote three of four are not to be had.
      await c.kill();
      await b.client.put('with the vote of', 'd');
      await c.start(cluster.members);
      await cluster.expectAgreement();
    },
  );

  it(
    'F-26 as a learner: gets both, serves what it may, and is promoted',
    { timeout: TEST_MS },
    async () => {
      const [a] = await openCompacted();
      const d = await cluster.add('ours', a, true);
      expect(gotSnapshot(d)).toBe(true);
      const self = (await a.client.members()).find(({ name }) => name === d.name);
      expect(self).toMatchObject({ ID: d.id, isLearner: true });
      await expect(d.client.put('k', 'v')).rejects.toMatchObject({
        details: 'etcdserver: rpc not supported for learner',
      });
      await cluster.promote(d, a);
      await expectSameMembers();
      await cluster.expectAgreement();
      await cluster.lead(d);
      await cluster.expectAgreement();
    },
  );

  it('CP-7 F-25 F-26 with kill -9 on its way, again and again', { timeout: TEST_MS }, async () => {
    const [a] = await openCompacted();
    const d = await cluster.make('ours');
    d.id = await eventually(() => a.client.addMember(d.peerUrl, false));
    cluster.members = [...cluster.members, d];
    // Later each time: before it has a log, while it listens, while it receives, while it installs, when it serves.
    for (const line of [
      'starting an etcd server',
      'joining a running cluster',
      'peer became active',
      RECEIVED,
      'applied snapshot',
    ]) {
      const process = d.begin(cluster.members, EXISTING);
      // A line of a step that an earlier life had finished does not come again.
      await Promise.race([process.line(line), process.line('ready to serve client requests')]);
      await d.kill();
      await putMany(a, 700);
    }
    await d.start(cluster.members, EXISTING);
    await expectSameMembers();
    await cluster.expectAgreement();
  });
});

describe('a member that was away', () => {
  it(
    'F-3 F-26 for longer than the log, while members came and went: it learns all of that at once',
    { timeout: TEST_MS },
    async () => {
      // The strict check lets nobody come or go while one is away.
      const [a, b, c] = await openCompacted('--strict-reconfig-check=false');
      await b.kill();
      await cluster.add('ours', a, false);
      await cluster.remove(c, a);
      await cluster.lead(a);
      await putMany(a);
      await a.client.compact();
      await putMany(a, 1000);
      await b.start(cluster.members);
      expect(gotSnapshot(b)).toBe(true);
      await expectSameMembers();
      await cluster.expectAgreement();
      // Who is gone is gone for it, too.
      await b.kill();
      await b.start(cluster.members);
      await expectSameMembers();
    },
  );
});
