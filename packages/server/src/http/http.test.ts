/** Health, access and exposition by real HTTP requests against a member that is told how it is. */
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { RpcCode, RpcError } from '@kv/rpc';
import { formatNumber } from './exposition.js';
import { grpcMetrics } from './grpc-metrics.js';
import { healthRoutes } from './health.js';
import type { HealthView } from './health.js';
import { PrometheusMetrics } from './prometheus.js';
import { clientRoutes, metricsRoutes, peerRoutes } from './routes.js';
import { silentLogger } from '../logger.js';

const well = {
  leaderId: 1n,
  isLearner: false,
  alarms: [],
  clusterVersion: undefined,
  storageVersion: undefined,
};

const stops: (() => void)[] = [];

afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

async function serve(listener: RequestListener): Promise<(path: string) => Promise<Response>> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return (path) => fetch(`http://127.0.0.1:${port.toString()}${path}`);
}

async function member(
  view: Partial<HealthView>,
  read: () => Promise<void> = () => Promise.resolve(),
): Promise<(path: string) => Promise<{ readonly status: number; readonly body: string }>> {
  const metrics = new PrometheusMetrics();
  const source = { view: () => ({ ...well, ...view }), linearizableRead: read };
  const health = healthRoutes(source, metrics, silentLogger);
  const get = await serve(clientRoutes({ member: source, health, metrics, gateway: false }));
  return async (path) => {
    const response = await get(path);
    return { status: response.status, body: await response.text() };
  };
}

const timedOut = (): Promise<void> =>
  Promise.reject(new RpcError(RpcCode.unavailable, 'etcdserver: request timed out'));

describe('/health', () => {
  it('is true when there is a leader and a read succeeds', async () => {
    const get = await member({});
    expect(await get('/health')).toEqual({ status: 200, body: '{"health":"true","reason":""}' });
  });

  it.each([
    [{ alarms: [{ type: 'nospace' }] }, '/health', 'ALARM NOSPACE'],
    [{ alarms: [{ type: 'corrupt' }] }, '/health?exclude=NOSPACE', 'ALARM CORRUPT'],
    [{ leaderId: 0n }, '/health?serializable=yes', 'RAFT NO LEADER'],
  ] as const)('B-144: %# is false with its reason', async (view, path, reason) => {
    const get = await member(view);
    expect(await get(path)).toEqual({
      status: 503,
      body: `{"health":"false","reason":"${reason}"}\n`,
    });
  });

  it('B-144: exclusions and local reads', async () => {
    const alarmed = await member({ alarms: [{ type: 'nospace' }] });
    expect((await alarmed('/health?exclude=NOSPACE')).status).toBe(200);
    expect((await alarmed('/health?exclude=UNKNOWN')).status).toBe(503);
    const leaderless = await member({ leaderId: 0n }, timedOut);
    expect((await leaderless('/health?serializable=true')).status).toBe(200);
  });

  it('is false with the text of the read', async () => {
    const get = await member({}, timedOut);
    expect((await get('/health')).body).toContain('RANGE ERROR:etcdserver: request timed out');
  });
});

describe('/livez and /readyz', () => {
  it('name each check when asked, and always when one fails', async () => {
    const fine = await member({});
    expect(await fine('/livez')).toEqual({ status: 200, body: 'ok\n' });
    expect((await fine('/livez?verbose')).body).toBe('[+]serializable_read ok\nok\n');
    const failing = await member({ isLearner: true }, timedOut);
    expect(await failing('/readyz')).toEqual({
      status: 503,
      body: '[+]data_corruption ok\n[+]serializable_read ok\n[-]linearizable_read failed: etcdserver: request timed out\n[-]non_learner failed: not supported for learner\n\n',
    });
    expect((await failing('/livez')).status).toBe(200);
  });

  it('take exclusions on the root and single checks below it', async () => {
    const get = await member({ isLearner: true });
    expect((await get('/readyz?exclude=non_learner')).status).toBe(200);
    expect((await get('/readyz/data_corruption')).status).toBe(200);
    expect((await get('/readyz/non_learner')).status).toBe(503);
    expect((await get('/readyz/nothing')).status).toBe(404);
    expect((await get('/livez/non_learner')).status).toBe(404);
    expect((await get('/livez/')).status).toBe(404);
  });
});

describe('other paths', () => {
  it('/version says what is not known yet', async () => {
    const get = await member({});
    expect(JSON.parse((await get('/version')).body)).toEqual({
      etcdserver: '3.7.1',
      etcdcluster: 'not_decided',
      storage: 'unknown',
    });
  });

  it('peer listeners tell the version, and hand on all else', async () => {
    const says =
      (text: string) =>
      (_: IncomingMessage, response: ServerResponse): void => {
        response.end(text);
      };
    const routes = { raft: says('raft'), cluster: says('cluster') };
    const get = await serve(peerRoutes({ member: { view: () => well }, ...routes }));
    expect((await get('/version')).status).toBe(200);
    expect(await (await get('/metrics')).text()).toBe('cluster');
    expect(await (await get('/raft')).text()).toBe('raft');
    expect(await (await get('/raft/probing')).text()).toBe('raft');
    expect(await (await get('/rafters')).text()).toBe('cluster');
  });
});

describe('metrics', () => {
  it('count by label, sort by name, and print numbers as Go does', async () => {
    const metrics = new PrometheusMetrics();
    metrics.counter('b_total', 'Bs.', ['x']).inc(2, 'with "quotes"\n');
    metrics.gauge('a', 'As.').set(2_147_483_648);
    metrics.gaugeOf('c', 'Cs.', () => 0.5);
    const histogram = metrics.histogram('d', 'Ds.', [0.001, 0.002]);
    for (const value of [0.001, 0.0015, 5]) histogram.observe(value);
    metrics.counter('unused_total', 'Never counted.', ['x']);
    expect(await metrics.expose()).toBe(
      [
        '# HELP a As.\n# TYPE a gauge\na 2.147483648e+09',
        '# HELP b_total Bs.\n# TYPE b_total counter\nb_total{x="with \\"quotes\\"\\n"} 2',
        '# HELP c Cs.\n# TYPE c gauge\nc 0.5',
        '# HELP d Ds.\n# TYPE d histogram',
        'd_bucket{le="0.001"} 1\nd_bucket{le="0.002"} 2\nd_bucket{le="+Inf"} 3\nd_sum 5.0025\nd_count 3\n',
      ].join('\n'),
    );
  });

  it.each([
    [0, '0'],
    [999_999, '999999'],
    [1_000_000, '1e+06'],
    [0.0001, '0.0001'],
    [0.00005, '5e-05'],
    [-2.5, '-2.5'],
    [Infinity, '+Inf'],
    [NaN, 'NaN'],
  ])('%d prints as %s', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  it('show every method with every code at zero before its first call', async () => {
    const metrics = new PrometheusMetrics();
    const put = grpcMetrics(metrics)('etcdserverpb.KV', 'Put', 'unary');
    const before = await metrics.expose();
    expect(before.match(/^grpc_server_handled_total\{.*\} 0$/gm)).toHaveLength(17);
    put.started();
    put.received(10);
    put.sent(20);
    put.handled(RpcCode.outOfRange);
    const after = await metrics.expose();
    expect(after).toContain('grpc_server_handled_total{grpc_code="OutOfRange",grpc_method="Put",');
    expect(after).toContain('etcd_network_client_grpc_received_bytes_total 10\n');
    expect(after).toContain('etcd_network_client_grpc_sent_bytes_total 20\n');
  });

  it.each([
    ['etcdserverpb.Watch', 'Watch', 'watch'],
    ['etcdserverpb.Lease', 'LeaseKeepAlive', 'lease-keepalive'],
  ])(
    'count what %s/%s can not take, and not that its client leaves',
    async (service, name, api) => {
      const metrics = new PrometheusMetrics();
      const stream = grpcMetrics(metrics)(service, name, 'bidi_stream');
      const family = 'etcd_network_server_stream_failures_total';
      for (const code of [RpcCode.ok, RpcCode.cancelled, RpcCode.unavailable]) stream.handled(code);
      expect(await metrics.expose()).not.toContain(family);
      for (const code of [RpcCode.internal, RpcCode.resourceExhausted]) stream.handled(code);
      expect(await metrics.expose()).toContain(`${family}{API="${api}",Type="receive"} 2\n`);
    },
  );

  it('of other calls count no failed stream', async () => {
    const metrics = new PrometheusMetrics();
    grpcMetrics(metrics)('etcdserverpb.KV', 'RangeStream', 'server_stream').handled(
      RpcCode.internal,
    );
    expect(await metrics.expose()).not.toContain('stream_failures_total');
  });

  it('are compressed for those who can read that', async () => {
    const metrics = new PrometheusMetrics({ withProcess: true });
    const source = { view: () => well, linearizableRead: () => Promise.resolve() };
    const health = healthRoutes(source, metrics, silentLogger);
    const get = await serve(metricsRoutes({ member: source, health, metrics, gateway: false }));
    const response = await get('/metrics');
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(await response.text()).toContain('process_resident_memory_bytes ');
  });
});
