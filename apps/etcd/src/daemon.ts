/** A member with its listeners: the order in which they start, serve, and stop (daemon.md §10, §17). */
import {
  HttpTransport,
  Member,
  PrometheusMetrics,
  clientRoutes,
  clusterRoutes,
  clientTransport,
  discover,
  expectedServerName,
  grpcMetrics,
  healthRoutes,
  hexOf,
  metricsRoutes,
  peerRoutes,
  processMetrics,
  systemClock,
  withAccess,
} from '@kv/server';
import type { DaemonConfig, Listener, Logger, MemberConfig, MemberPorts } from '@kv/server';
import {
  type DataDirState,
  describeHolder,
  inspectDataDir,
  prepareDataDir,
  removeHolder,
  writeHolder,
} from './data-dir.js';
import { LateRoutes } from './late-routes.js';
import { allOf, openListeners } from './listeners.js';
import type { Listeners } from './listeners.js';
import { systemResolver } from './names.js';
import { StartError, codesOf } from './start-error.js';
import { describeStart } from './start-log.js';

/** How long calls may take to end once the daemon stops. Watches end only when they are cut. */
const STOP_GRACE_MS = 500;

export interface DaemonOptions {
  readonly member: MemberConfig;
  readonly daemon: DaemonConfig;
  readonly logger: Logger;
  /** `grpc-js` serves through the second transport, for comparison. */
  readonly transport: 'http2' | 'grpc-js';
  /** Called just before the line that says that clients are served: whoever reads it may send a signal at once. */
  readonly beforeReady: (daemon: Daemon) => void;
}

/** A member that was opened, and what it was given that is served. */
interface Running {
  readonly member: Member;
  readonly metrics: PrometheusMetrics;
}

type ClientTransport = ReturnType<typeof clientTransport>;

export class Daemon {
  /** Resolves with what went wrong when the member can not go on. Nothing wrong is served after that. */
  readonly failed: Promise<Error>;
  readonly #options: DaemonOptions;
  readonly #listeners: Listeners;
  readonly #member: Member;
  readonly #metrics: PrometheusMetrics;
  #transport: ClientTransport | undefined;
  #stopped: Promise<void> | undefined;

  private constructor(options: DaemonOptions, listeners: Listeners, { member, metrics }: Running) {
    this.#options = options;
    this.#listeners = listeners;
    this.#member = member;
    this.#metrics = metrics;
    this.failed = member.failed;
  }

  /** Resolves when clients are served. Rejects with everything closed again. */
  static async start(options: DaemonOptions): Promise<Daemon> {
    const { member: config, daemon, logger } = options;
    const state = inspectDataDir(config.dataDir, config.walDir, logger);
    logger.log(
      'info',
      state.initialized
        ? 'server has already been initialized'
        : 'Initialize and start etcd server',
      { 'data-dir': config.dataDir, 'dir-type': state.initialized ? 'member' : 'empty' },
    );
    const listeners = await openListeners(daemon, logger);
    try {
      logger.log('info', 'starting an etcd server', describeStart(config, daemon, state));
      // What a member stores is nobody else's to read, and its libraries do not all ask for that.
      process.umask(0o077);
      prepareDataDir(config.dataDir, logger);
      const metrics = new PrometheusMetrics({ withProcess: true });
      processMetrics(metrics, daemon.effectiveGates);
      const { toPeers: tls } = listeners;
      const ports = { clock: systemClock, logger, metrics, ...(tls === undefined ? {} : { tls }) };
      const peers = new HttpTransport(ports);
      const peerHttp = new LateRoutes();
      for (const listener of listeners.peer) listener.serve({ http: peerHttp.listener });
      const bootstrap = {
        get: peers.get.bind(peers),
        resolve: (host: string) => systemResolver.resolve(host),
      };
      const found = await discoverCluster(config, daemon, state, logger);
      const serverName = expectedServerName(daemon.discovery, found, daemon.peerTls);
      if (serverName !== undefined && !state.hasLog) tls?.expectServerName(serverName);
      const member = await openMember(found, { logger, metrics, peers, bootstrap });
      peerHttp.set(
        peerRoutes({ member, raft: peers.routes, cluster: clusterRoutes(member.peerApi) }),
      );
      const started = new Daemon(options, listeners, { member, metrics });
      try {
        writeHolder(config.dataDir, config.advertiseClientUrls);
        await member.start();
        await started.#serve();
        return started;
      } catch (error) {
        await started.#cut();
        throw error;
      }
    } catch (error) {
      await Promise.all(allOf(listeners).map((listener) => listener.close()));
      throw error;
    }
  }

  /** Ends what is under way within a bound, then the member. Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** Answers nothing more, at once. For a member that failed. */
  async cut(): Promise<void> {
    this.#stopped ??= this.#cut();
    await this.#stopped;
  }

  async #serve(): Promise<void> {
    const { member: config, daemon, logger } = this.#options;
    const member = this.#member;
    const health = healthRoutes(member, this.#metrics, logger);
    const gateway = daemon.enableGrpcGateway;
    const sources = { member, health, metrics: this.#metrics, gateway };
    // These answer before there is a leader, so they are the ones to probe a member that has none.
    for (const listener of this.#listeners.metrics) {
      listener.serve({ http: metricsRoutes(sources) });
    }
    const view = member.view();
    logger.log('info', 'now serving peer/client/metrics', {
      'local-member-id': hexOf(view.memberId),
      'initial-advertise-peer-urls': config.initialAdvertisePeerUrls,
      'advertise-client-urls': config.advertiseClientUrls,
    });
    const failure = await Promise.race([member.ready, member.failed]);
    if (failure !== undefined) throw failure;
    this.#options.beforeReady(this);
    logger.log('info', 'ready to serve client requests');
    this.#serveClients(sources);
  }

  #serveClients(sources: Parameters<typeof clientRoutes>[0]): void {
    const { member: config, daemon, logger, transport: kind } = this.#options;
    const transport = clientTransport({
      kind,
      services: this.#member.services,
      maxRequestBytes: config.maxRequestBytes,
      daemon,
      observe: grpcMetrics(this.#metrics),
      logger,
    });
    this.#transport = transport;
    const http = withAccess({ ...daemon, logger }, clientRoutes(sources));
    const split = this.#listeners.clientHttp.length > 0;
    for (const listener of this.#listeners.client) {
      listener.serve(split ? { transport } : { transport, http });
      const traffic = split ? 'grpc' : 'grpc+http';
      logger.log('info', servingText(listener), { traffic, address: listener.address });
    }
    for (const listener of this.#listeners.clientHttp) {
      listener.serve({ http });
      logger.log('info', servingText(listener), { traffic: 'http', address: listener.address });
    }
  }

  async #stop(): Promise<void> {
    const { member: config, logger } = this.#options;
    const fields = {
      name: config.name,
      'data-dir': config.dataDir,
      'advertise-peer-urls': config.initialAdvertisePeerUrls,
      'advertise-client-urls': config.advertiseClientUrls,
    };
    logger.log('info', 'closing etcd server', fields);
    const { client, clientHttp, metrics, peer } = this.#listeners;
    const member = this.#member;
    await Promise.all([
      ...[...client, ...clientHttp, ...metrics].map((listener) => listener.close(STOP_GRACE_MS)),
      this.#transport?.stop(STOP_GRACE_MS),
      member.handOver(STOP_GRACE_MS),
    ]);
    await member.close();
    // Until here the others could be told who leads next.
    await Promise.all(peer.map((listener) => listener.close(0)));
    removeHolder(config.dataDir);
    logger.log('info', 'closed etcd server', fields);
  }

  async #cut(): Promise<void> {
    const listeners = allOf(this.#listeners).map((listener) => listener.close(0));
    await Promise.all([...listeners, this.#transport?.stop(0)]);
    await this.#member.close();
  }
}

const servingText = ({ secure }: Listener): string =>
  secure
    ? 'serving client traffic securely'
    : 'serving client traffic insecurely; this is strongly discouraged!';

/** The configuration with its cluster, if it is still to be found. A member that has a log knows its cluster. */
function discoverCluster(
  config: MemberConfig,
  { discovery }: DaemonConfig,
  { hasLog }: DataDirState,
  logger: Logger,
): Promise<MemberConfig> {
  if (!hasLog) {
    const ports = { resolver: systemResolver, clock: systemClock, logger };
    return discover(config, discovery, ports);
  }
  if (discovery.type === 'token') {
    logger.log(
      'warn',
      'discovery token is ignored since cluster already initialized; valid logs are found',
      { 'data-dir': config.dataDir },
    );
  }
  return Promise.resolve(config);
}

async function openMember(config: MemberConfig, ports: MemberPorts): Promise<Member> {
  try {
    return await Member.load(config, ports);
  } catch (error) {
    if (!codesOf(error).includes('MvccError.in-use')) throw error;
    throw new StartError(
      'discovery failed',
      `data directory ${config.dataDir} is in use by ${describeHolder(config.dataDir)}`,
      { hint: 'stop that process, or use another --data-dir' },
    );
  }
}
