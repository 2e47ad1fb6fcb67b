/**
 * What three members show at `/metrics`, ours beside etcd where its program is at hand (below `REF`). Goal: a dashboard or an alert
 * that was made for etcd finds here every family that it finds there, of the same type, with the same labels and buckets.
 */
import { Client } from '@kv/client';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Cluster, reference } from './cluster-process.js';

const TEST_MS = 60_000;

/** What only etcd shows, because nothing here is what it measures (DESIGN.md of `@kv/server`, "Metrics"). */
const onlyOfEtcd: readonly string[] = [
  'etcd_debugging_auth_revision',
  'etcd_debugging_disk_backend_commit_rebalance_duration_seconds',
  'etcd_debugging_disk_backend_commit_spill_duration_seconds',
  'etcd_debugging_disk_backend_commit_write_duration_seconds',
  'etcd_debugging_mvcc_index_compaction_pause_duration_milliseconds',
  'etcd_debugging_snap_save_marshalling_duration_seconds',
  'etcd_debugging_snap_save_total_duration_seconds',
  'etcd_debugging_store_expires_total',
  'etcd_debugging_store_watch_requests_total',
  'etcd_debugging_store_watchers',
  'etcd_grpc_proxy_cache_hits_total',
  'etcd_grpc_proxy_cache_keys_total',
  'etcd_grpc_proxy_cache_misses_total',
  'etcd_grpc_proxy_events_coalescing_total',
  'etcd_grpc_proxy_watchers_coalescing_total',
];

/** Shown once something failed between members, as it may while they start. */
const OF_FAILURES =
  /^etcd_network_(peer_sent_failures|peer_received_failures|disconnected_peers|snapshot)_/;

const LATE =
  'leader failed to send out heartbeat on time; took too long, leader is overloaded likely from slow disk';

/** Four heartbeat intervals, and less than an election takes to begin. */
const STOPPED_MS = 400;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Family {
  readonly type: string;
  /** The names of the labels of each line, and the bounds of buckets. */
  readonly labels: ReadonlySet<string>;
  readonly bounds: ReadonlySet<string>;
}

let cluster: Cluster | undefined;
afterEach(async () => {
  await cluster?.close();
  cluster = undefined;
});

const metricsOf = async ({ clientUrl }: { readonly clientUrl: string }): Promise<string> =>
  (await fetch(`${clientUrl}/metrics`)).text();

/** Families of etcd's and of gRPC's names. */
function familiesOf(texts: readonly string[]): ReadonlyMap<string, Family> {
  const families = new Map<string, Family & { labels: Set<string>; bounds: Set<string> }>();
  for (const text of texts) {
    let family: { labels: Set<string>; bounds: Set<string> } | undefined;
    for (const line of text.split('\n')) {
      const [, name = '', type = ''] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
      if (name !== '') {
        const known = families.get(name) ?? { type, labels: new Set(), bounds: new Set() };
        if (/^(etcd|grpc|os)_/.test(name)) families.set(name, known);
        family = known;
      } else if (line !== '' && !line.startsWith('#')) {
        const labels = Array.from(line.matchAll(/(\w+)="/g), ([, label]) => label);
        family?.labels.add(labels.filter((label) => label !== 'le').join(','));
        const bound = /le="([^"]*)"/.exec(line)?.[1];
        if (bound !== undefined) family?.bounds.add(bound);
      }
    }
  }
  return families;
}

/** A bit of everything, by the first member, and what all of them show then. */
async function showAfterWork(program?: string): Promise<ReadonlyMap<string, Family>> {
  cluster = await Cluster.open([program, program, program]);
  const { members } = cluster;
  await using client = await Client.open({ endpoints: members.map(({ client: c }) => c.address) });
  await using watch = client.watch('a');
  await watch.created();
  await client.kv.put('a', '1');
  await client.kv.get('a');
  const lease = await client.lease.grant(60);
  await client.kv.put('b', '1', { lease });
  await client.lease.renew(lease.id);
  await client.kv.delete('a');
  for (const { clientUrl } of members) {
    await Promise.all(['/health', '/livez', '/readyz'].map((path) => fetch(clientUrl + path)));
  }
  return await vi.waitFor(
    async () => {
      const families = familiesOf(await Promise.all(members.map(metricsOf)));
      expect([...families.keys()]).toContain('etcd_cluster_version');
      return families;
    },
    { timeout: 20_000, interval: 200 },
  );
}

it.skipIf(reference === undefined)(
  'have the families of etcd, with its types, labels and buckets',
  { timeout: TEST_MS },
  async () => {
    const theirs = await showAfterWork(reference);
    await cluster?.close();
    const ours = await showAfterWork();
    const missing = [...theirs.keys()].filter((name) => !ours.has(name) && !OF_FAILURES.test(name));
    expect(missing.sort()).toEqual(onlyOfEtcd);
    for (const [name, family] of theirs) {
      const found = ours.get(name);
      if (found !== undefined) expect([name, found]).toEqual([name, family]);
    }
  },
);

describe.each([
  ['here', undefined],
  ['in etcd', reference],
])('a leader that stood still for four heartbeats, %s', (where, program) => {
  it.skipIf(where !== 'here' && program === undefined)(
    'says so, and counts it',
    { timeout: TEST_MS },
    async () => {
      cluster = await Cluster.open([program, program, program]);
      const { process } = await cluster.leader();
      // Again until it does: one that was elected just now has sent nothing yet that could be late.
      const line = await vi.waitFor(
        async () => {
          process.kill('SIGSTOP');
          await pause(STOPPED_MS);
          process.kill('SIGCONT');
          await pause(STOPPED_MS);
          const found = process.lines.find(({ msg }) => msg === LATE);
          if (found === undefined) throw new Error('it says nothing');
          return found;
        },
        { timeout: 30_000 },
      );
      expect(line).toMatchObject({
        level: 'warn',
        to: expect.stringMatching(/^[0-9a-f]+$/) as string,
        'heartbeat-interval': '100ms',
        'expected-duration': '200ms',
        'exceeded-duration': expect.stringMatching(/^\d+(\.\d+)?ms$/) as string,
      });
      expect(await metricsOf(await cluster.leader())).toMatch(
        /^etcd_server_heartbeat_send_failures_total [1-9]\d*$/m,
      );
    },
  );
});
