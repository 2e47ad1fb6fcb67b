/**
 * What a member without a log may begin with (daemon.md §11). Goal: it founds or joins what the others agree on, or says in
 * etcd's words why not. Method: a network of answers by URL, and a clock that the test turns.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import type { MemberId } from '../ids.js';
import { silentLogger } from '../logger.js';
import { defaultMemberConfig, type MemberConfig } from '../member-config.js';
import { FakeClock } from '../testing/fake-clock.js';
import { bootstrap, type Bootstrap } from './bootstrap.js';
import type { BootstrapNetwork, LookupAnswer } from './bootstrap-network.js';
import { foundingOf } from './founding.js';
import { memberToJson, type MemberRecord } from './member-record.js';

const CLUSTER = 'cdf818194e3a8c32';
let answers: Map<string, string>;
let hosts: Map<string, string>;
let clock: FakeClock;
let asked: string[];
/** Addresses that never answer. */
let silent: Set<string>;

const network: BootstrapNetwork = {
  get: (url) => {
    asked.push(url);
    if (silent.has(url)) return new Promise(() => undefined);
    const body = answers.get(url);
    if (body === undefined) return Promise.reject(new Error('connection refused'));
    const answer: LookupAnswer = { status: 200, clusterId: CLUSTER, body: Buffer.from(body) };
    return Promise.resolve(answer);
  },
  resolve: (host) => {
    const address = hosts.get(host);
    return address === undefined
      ? Promise.reject(new Error(`no such host ${host}`))
      : Promise.resolve(address);
  },
};

const record = (id: bigint, url: string, rest: Partial<MemberRecord> = {}): MemberRecord => ({
  id: id as MemberId,
  peerUrls: [url],
  isLearner: false,
  name: '',
  clientUrls: [],
  ...rest,
});

/** What the member at this address says. */
function says(url: string, members: readonly MemberRecord[], version = '3.7.0'): void {
  answers.set(`${url}/members`, `[${members.map(memberToJson).join(',')}]\n`);
  answers.set(`${url}/version`, JSON.stringify({ etcdserver: '3.7.1', etcdcluster: version }));
  answers.set(`${url}/downgrade/enabled`, 'false');
}

const A = 'http://10.0.0.1:2380';
const B = 'http://10.0.0.2:2380';
const C = 'http://10.0.0.3:2380';

function configOf(state: 'new' | 'existing', rest: Partial<MemberConfig> = {}): MemberConfig {
  return {
    ...defaultMemberConfig,
    name: 'c',
    initialAdvertisePeerUrls: [C],
    initialCluster: [
      { name: 'a', peerUrls: [A] },
      { name: 'b', peerUrls: [B] },
      { name: 'c', peerUrls: [C] },
    ],
    initialClusterState: state,
    ...rest,
  };
}

async function begin(config: MemberConfig): Promise<Bootstrap> {
  const running = bootstrap(config, { network, clock, logger: silentLogger });
  running.catch(() => undefined);
  // Longer than names are tried to be resolved.
  for (let n = 0; n < 80; n++) await clock.advance(500);
  return running;
}

const refusal = (config: MemberConfig): Promise<string> =>
  begin(config).then(
    () => 'none',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );

beforeEach(() => {
  answers = new Map();
  hosts = new Map();
  clock = new FakeClock();
  asked = [];
  silent = new Set();
});

describe('a founder', () => {
  it('begins as all founders compute it, whoever answers', async () => {
    const config = configOf('new');
    const beginning = await begin(config);
    expect(beginning).toEqual({ type: 'founding', founding: foundingOf(config) });
    expect(asked.toSorted()).toEqual([`${A}/members`, `${B}/members`]);
  });

  it('that was added to a running cluster is told to join it', async () => {
    const config = configOf('new');
    // Another cluster that has run there is no such case: as with etcd, its members do not talk to this one.
    says(B, [record(2n, B), record(5n, C, { name: 'c' })]);
    expect(await refusal(config)).toBe('none');
    says(B, [record(2n, B), record(5n, C)]);
    expect(await refusal(config)).toBe(
      `member 5 with the peer URLs ${C} was added to the running cluster ${CLUSTER}, but --initial-cluster-state is "new": ` +
        'start it with --initial-cluster-state=existing',
    );
  });

  it('F-20 that has lost its disk does not found again', async () => {
    const config = configOf('new');
    const { memberId } = foundingOf(config);
    says(B, [record(memberId, C)]);
    expect(await refusal(config)).toBe('none');
    says(B, [record(memberId, C, { clientUrls: ['http://10.0.0.3:2379'] })]);
    expect(await refusal(config)).toBe(
      `member ${memberId.toString(16)} has already been bootstrapped`,
    );
  });

  it('B-156 is in its own cluster, with the addresses that it advertises', async () => {
    expect(await refusal(configOf('new', { name: 'x' }))).toBe(
      'couldn\'t find local name "x" in the initial cluster configuration',
    );
    expect(await refusal(configOf('new', { initialAdvertisePeerUrls: [A] }))).toBe(
      `--initial-cluster has c=${C} but missing from --initial-advertise-peer-urls=${A} (resolved urls: "${A}" != "${C}")`,
    );
    expect(await refusal(configOf('new', { initialAdvertisePeerUrls: [A, C] }))).toBe(
      `--initial-advertise-peer-urls has ${A} but missing from --initial-cluster=c=${A},c=${C}`,
    );
  });

  it('may advertise a name where the cluster lists its address', async () => {
    const byName = configOf('new', { initialAdvertisePeerUrls: ['http://c.example:2380'] });
    expect(await refusal(byName)).toContain('failed to resolve "http://c.example:2380"');
    hosts.set('c.example', '10.0.0.3');
    expect(await refusal(byName)).toBe('none');
    hosts.set('c.example', '10.0.0.4');
    expect(await refusal(byName)).toContain('resolved urls: "http://10.0.0.4:2380" != ');
  });

  it('lists no address twice', async () => {
    const initialCluster = [
      { name: 'a', peerUrls: [C] },
      { name: 'c', peerUrls: [C] },
    ];
    expect(await refusal(configOf('new', { initialCluster }))).toBe(
      `initial cluster a=${C},c=${C} has duplicate url`,
    );
  });
});

describe('a member that joins', () => {
  const members = [record(1n, A, { name: 'a' }), record(2n, B, { name: 'b' }), record(3n, C)];

  it('learns from the others who it is, and who they are', async () => {
    says(B, members);
    expect(await begin(configOf('existing'))).toEqual({
      type: 'joining',
      joining: {
        memberId: 3n,
        clusterId: BigInt(`0x${CLUSTER}`),
        others: members.slice(0, 2),
      },
    });
  });

  it('is matched by address, whatever the others are called, and through names of hosts', async () => {
    says(A, [record(1n, 'http://a.example:2380'), record(2n, B), record(3n, C)]);
    says('http://a.example:2380', []);
    hosts.set('a.example', '10.0.0.1');
    expect(await begin(configOf('existing'))).toMatchObject({ joining: { memberId: 3n } });
  });

  it('F-26 goes by a member that knows it, when the first that answers does not know of its addition yet', async () => {
    says(A, members.slice(0, 2));
    says(B, members);
    expect(await begin(configOf('existing'))).toMatchObject({ joining: { memberId: 3n } });
  });

  it('where nobody answers', async () => {
    expect(await refusal(configOf('existing'))).toBe(
      'cannot fetch cluster info from peer urls: could not retrieve cluster information from the given URLs',
    );
    answers.set(`${A}/members`, 'no list');
    answers.set(`${B}/members`, '[]');
    expect(await refusal(configOf('existing'))).toContain('cannot fetch cluster info');
  });

  it('where the members are others than it was told', async () => {
    says(A, members.slice(0, 2));
    const list = '&{ID:1 RaftAttributes:{PeerURLs:[http://10.0.0.1:2380] IsLearner:false} ';
    const count = await refusal(configOf('existing'));
    expect(count).toContain(`error validating peerURLs {ClusterID:${CLUSTER} Members:[${list}`);
    expect(count).toMatch(/RemovedMemberIDs:\[\]\}: member count is unequal$/);
    says(A, [...members.slice(0, 2), record(3n, 'http://10.0.0.9:1')]);
    expect(await refusal(configOf('existing'))).toContain(
      'PeerURLs: no match found for existing member (3, [http://10.0.0.9:1]), last resolver error (resolved urls: ',
    );
  });

  it.each([
    ['3.6.0', 'false', 'none'],
    ['3.0.0', 'false', 'none'],
    ['2.3.0', 'false', 'incompatible with current running cluster'],
    ['3.8.0', 'false', 'incompatible with current running cluster'],
    ['4.0.0', 'false', 'incompatible with current running cluster'],
    ['3.8.0', 'true', 'none'],
    ['3.7.0', 'true', 'incompatible with current running cluster'],
    ['not_decided', 'false', 'incompatible with current running cluster'],
  ])('of version %s, downgrade enabled %s: %s', async (version, downgrade, outcome) => {
    says(A, members, version);
    answers.set(`${A}/downgrade/enabled`, downgrade);
    expect(await refusal(configOf('existing'))).toBe(outcome);
  });

  it('asks all at the same time whether there is a downgrade: who has no quorum says nothing for long', async () => {
    says(A, members);
    answers.set(`${B}/downgrade/enabled`, 'true');
    silent.add(`${A}/downgrade/enabled`);
    expect(await refusal(configOf('existing'))).toBe('incompatible with current running cluster');
  });

  it('with more learners than it allows', async () => {
    const learners = members.map((member) => ({ ...member, isLearner: member.id !== 1n }));
    says(A, learners);
    expect(await refusal(configOf('existing'))).toBe(
      'membership: too many learner members in cluster',
    );
    expect(await refusal(configOf('existing', { maxLearners: 2 }))).toBe('none');
  });

  it('whose name or addresses are wrong asks nobody', async () => {
    says(A, members);
    expect(await refusal(configOf('existing', { name: 'x' }))).toContain(
      `couldn't find local name`,
    );
    expect(asked).toEqual([]);
  });
});
