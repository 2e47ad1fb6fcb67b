/**
 * Members that come and go, as processes. Goal: a cluster of ours, and one with members of etcd in it, takes every change of
 * membership while it serves, whoever leads; nobody that was removed comes back. Method: real daemons; in the end all hold the
 * same, hash by hash. Those with etcd need its program (below `REF`).
 */
import { afterEach, describe, expect, it } from 'vitest';
import { freePorts } from '@kv/rpc/testing';
import { ChangingCluster, type ChangingMember, type Kind } from './changing-cluster.js';
import { reference } from './cluster-process.js';

const TEST_MS = 180_000;

let cluster: ChangingCluster;
afterEach(async () => {
  await cluster.close();
});

function first(): ChangingMember {
  const [member] = cluster.members;
  if (member === undefined) throw new Error('there is a member');
  return member;
}

describe('a cluster of ours', () => {
  it(
    'F-26 a learner comes, is promoted, moves, is removed, and is replaced',
    { timeout: TEST_MS },
    async () => {
      cluster = await ChangingCluster.open('ours', 'ours', 'ours');
      await first().client.put('k', 'v');
      const added = await cluster.add('ours', first(), true);
      const names = (await first().client.members()).map(({ name }) => name).toSorted();
      expect(names).toEqual(['a', 'b', 'c', 'd']);
      await cluster.promote(added, first());
      expect(await added.client.get('k')).toBe('v');
      await cluster.expectAgreement();

      // It moves: its address changes first, then the member comes up there.
      const [port = 0] = await freePorts(1);
      const moved = `http://127.0.0.1:${port.toString()}`;
      await first().client.updateMember(added.id, moved);
      await added.end();
      await added.start(cluster.members, `--listen-peer-urls=${moved}`);
      await cluster.expectAgreement();

      await cluster.remove(added, first());
      expect(await added.process.exit).toEqual({ code: 0, signal: null });
      await added.process.line('data-dir used by this member must be removed');
      const again = added.begin(cluster.members);
      expect(await again.exit).toEqual({ code: 0, signal: null });
      const line = await again.line('server error');
      expect(line['error']).toContain('the member has been permanently removed from the cluster');

      await cluster.add('ours', first(), false);
      await cluster.expectAgreement();
    },
  );

  it(
    'F-20 a founder whose disk is gone is not let in again; replaced by remove and add, it is',
    { timeout: TEST_MS },
    async () => {
      cluster = await ChangingCluster.open('ours', 'ours', 'ours');
      const founders = cluster.members;
      const lost = founders[2];
      if (lost === undefined) throw new Error('there are three');
      await lost.end();
      const again = lost.begin(founders, `--data-dir=${cluster.path('new disk')}`);
      expect((await again.exit).code).toBe(1);
      const line = await again.line('discovery failed');
      expect(line['error']).toBe(`member ${lost.id.toString(16)} has already been bootstrapped`);
      await cluster.remove(lost, first());
      await cluster.add('ours', first(), false);
      await cluster.expectAgreement();
    },
  );

  it(
    '--force-new-cluster: one of three goes on alone, and takes new members',
    { timeout: TEST_MS },
    async () => {
      cluster = await ChangingCluster.open('ours', 'ours', 'ours');
      await cluster.expectAgreement();
      const { revision } = await first().client.hash();
      const survivor = first();
      for (const member of cluster.members) await member.end();
      await survivor.start(cluster.members, '--force-new-cluster');
      cluster.members = [survivor];
      expect((await survivor.client.members()).map(({ ID }) => ID)).toEqual([survivor.id]);
      expect((await survivor.client.hash()).revision).toBe(revision);
      await survivor.end();
      await survivor.start(cluster.members);
      await cluster.add('ours', survivor, false);
      await cluster.expectAgreement();
    },
  );

  it('one that nobody has added does not start, and says why', { timeout: TEST_MS }, async () => {
    cluster = await ChangingCluster.open('ours');
    const stranger = await cluster.make('ours');
    const state = '--initial-cluster-state=existing';
    const uninvited = stranger.begin([first(), stranger], state);
    expect((await uninvited.exit).code).toBe(1);
    expect((await uninvited.line('discovery failed'))['error']).toMatch(
      /^error validating peerURLs \{ClusterID:.*\}: member count is unequal$/,
    );
    const lost = stranger.begin([stranger], state);
    expect((await lost.exit).code).toBe(1);
    expect((await lost.line('discovery failed'))['error']).toBe(
      'cannot fetch cluster info from peer urls: could not retrieve cluster information from the given URLs',
    );
  });
});

describe.skipIf(reference === undefined)('a cluster with members of both kinds', () => {
  it.each<[string, readonly [Kind, Kind], Kind]>([
    ['two of etcd, one of ours joins', ['etcd', 'etcd'], 'ours'],
    ['two of ours, one of etcd joins', ['ours', 'ours'], 'etcd'],
  ])('F-26 %s', { timeout: TEST_MS }, async (_, founders, kind) => {
    cluster = await ChangingCluster.open(...founders);
    await first().client.put('k', 'v');
    const joined = await cluster.add(kind, first(), true);
    await cluster.promote(joined, first());
    expect(await joined.client.get('k')).toBe('v');
    await cluster.expectAgreement();

    // Under a leader of one kind, and of the other.
    for (const leader of [joined, first()]) {
      await cluster.lead(leader);
      const other: Kind = founders[0];
      const fourth = await cluster.add(other, joined, false);
      await cluster.expectAgreement();
      await cluster.remove(fourth, first());
      expect((await fourth.process.exit).code).toBe(0);
    }
    // A leader is removed.
    await cluster.lead(joined);
    await cluster.remove(joined, first());
    expect((await joined.process.exit).code).toBe(0);
    await cluster.expectAgreement();
  });
});
