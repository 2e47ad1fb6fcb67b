/** Is this member well? `/health`, `/livez` and `/readyz` (http.md §9), answered from the member's own view and reads. */
import type { ServerResponse } from 'node:http';
import type { Logger } from '../logger.js';
import type { Counter, Gauge, Metrics } from '../metrics.js';

/** A member, as far as health asks: cheap, and never older than this turn. */
export interface HealthView {
  /** 0n when no leader is known. */
  readonly leaderId: bigint;
  readonly isLearner: boolean;
  /** Active alarms, of any member. */
  readonly alarms: readonly { readonly type: 'nospace' | 'corrupt' }[];
}

export interface HealthSource {
  view(): HealthView;
  /** Resolves when a linearizable read would be served now; rejects as such a read would fail. */
  linearizableRead(signal: AbortSignal): Promise<void>;
}

type CheckName = 'data_corruption' | 'serializable_read' | 'linearizable_read' | 'non_learner';

/** undefined: passed. */
type Check = (source: HealthSource, signal: AbortSignal) => Promise<string | undefined>;

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const checks: Readonly<Record<CheckName, Check>> = {
  data_corruption: (source) =>
    Promise.resolve(
      source.view().alarms.some((alarm) => alarm.type === 'corrupt')
        ? 'alarm activated: CORRUPT'
        : undefined,
    ),
  // A local read of an empty key touches no data; it fails when the member itself can not answer.
  serializable_read: (source) => {
    source.view();
    return Promise.resolve(undefined);
  },
  linearizable_read: async (source, signal) => {
    await source.linearizableRead(signal);
    return undefined;
  },
  non_learner: (source) =>
    Promise.resolve(source.view().isLearner ? 'not supported for learner' : undefined),
};

const endpoints: Readonly<Record<'livez' | 'readyz', readonly CheckName[]>> = {
  livez: ['serializable_read'],
  readyz: ['data_corruption', 'serializable_read', 'linearizable_read', 'non_learner'],
};

export interface HealthRoutes {
  /** Answers when the path is one of health; false otherwise. */
  serve(url: URL, response: ServerResponse): boolean;
}

function plain(response: ServerResponse, status: number, body: string): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.end(body);
}

/** Ends when the client goes away; a read has its own time limit. */
function signalOf(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    controller.abort();
  });
  return controller.signal;
}

export function healthRoutes(source: HealthSource, metrics: Metrics, logger: Logger): HealthRoutes {
  return new Health(source, metrics, logger);
}

class Health implements HealthRoutes {
  readonly #source: HealthSource;
  readonly #logger: Logger;
  readonly #success: Counter;
  readonly #failures: Counter;
  readonly #last: Gauge;
  readonly #runs: Counter;

  constructor(source: HealthSource, metrics: Metrics, logger: Logger) {
    this.#source = source;
    this.#logger = logger;
    this.#success = metrics.counter('etcd_server_health_success', 'Answers "true" of /health.');
    this.#failures = metrics.counter('etcd_server_health_failures', 'Answers "false" of /health.');
    this.#last = metrics.gauge('etcd_server_healthcheck', 'Result of the last run of a check.', [
      'type',
      'name',
    ]);
    this.#runs = metrics.counter('etcd_server_healthchecks_total', 'Runs of a check.', [
      'type',
      'name',
      'status',
    ]);
  }

  serve(url: URL, response: ServerResponse): boolean {
    if (url.pathname === '/health') {
      void this.#serveHealth(url, response);
      return true;
    }
    const [, type = '', single, ...more] = url.pathname.split('/');
    if ((type !== 'livez' && type !== 'readyz') || more.length > 0) return false;
    const excluded = url.searchParams.getAll('exclude');
    const names = endpoints[type].filter((name) =>
      single === undefined ? !excluded.includes(name) : name === single,
    );
    if (single !== undefined && names.length === 0) return false;
    void this.#serveChecks(type, names, url.searchParams.has('verbose'), response);
    return true;
  }

  async #serveHealth(url: URL, response: ServerResponse): Promise<void> {
    const reason = await healthReason(this.#source, url.searchParams, signalOf(response));
    if (reason === undefined) {
      this.#success.inc();
      response.setHeader('Content-Type', 'text/plain; charset=utf-8');
      response.end('{"health":"true","reason":""}');
      return;
    }
    this.#failures.inc();
    this.#logger.log('warn', 'serving /health false', { reason });
    plain(response, 503, `${JSON.stringify({ health: 'false', reason })}\n`);
  }

  async #serveChecks(
    type: 'livez' | 'readyz',
    names: readonly CheckName[],
    verbose: boolean,
    response: ServerResponse,
  ): Promise<void> {
    const signal = signalOf(response);
    const results = await Promise.all(names.map((name) => this.#run(type, name, signal)));
    const lines = results.map(({ name, error }) =>
      error === undefined ? `[+]${name} ok\n` : `[-]${name} failed: ${error}\n`,
    );
    if (results.every(({ error }) => error === undefined)) {
      plain(response, 200, `${verbose ? lines.join('') : ''}ok\n`);
      return;
    }
    const checked = lines.map((line) => line.trim());
    this.#logger.log('warn', 'health check failed', { type, checks: checked });
    plain(response, 503, `${lines.join('')}\n`);
  }

  async #run(
    type: 'livez' | 'readyz',
    name: CheckName,
    signal: AbortSignal,
  ): Promise<{ readonly name: CheckName; readonly error: string | undefined }> {
    const error = await runCheck(checks[name], this.#source, signal);
    this.#last.set(error === undefined ? 1 : 0, type, name);
    this.#runs.inc(1, type, name, error === undefined ? 'success' : 'error');
    return { name, error };
  }
}

async function runCheck(
  check: Check,
  source: HealthSource,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return await check(source, signal);
  } catch (error) {
    return textOf(error);
  }
}

const alarmNames = { nospace: 'NOSPACE', corrupt: 'CORRUPT' } as const;

/** Why the member is not healthy; the first failure decides. */
async function healthReason(
  source: HealthSource,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<string | undefined> {
  const excluded = query.getAll('exclude');
  const serializable = query.get('serializable') === 'true';
  const { alarms, leaderId } = source.view();
  const alarm = alarms.find(({ type }) => !excluded.includes(alarmNames[type]));
  if (alarm !== undefined) return `ALARM ${alarmNames[alarm.type]}`;
  if (serializable) return undefined;
  if (leaderId === 0n) return 'RAFT NO LEADER';
  const error = await runCheck(checks.linearizable_read, source, signal);
  return error === undefined ? undefined : `RANGE ERROR:${error}`;
}
