/**
 * Founding members that find each other through a token in another cluster (daemon.md §11.3; etcd v3.7.1
 * server/etcdserver/api/v3discovery): each writes its own addresses there, and the first ones, as many as somebody has written
 * beforehand, are the cluster.
 *
 * The others are looked for again and again instead of watched: it takes a few seconds once in the life of a cluster.
 */
import type { Clock } from '../clock.js';
import { parseInitialCluster } from '../config/initial-cluster.js';
import { errorOf, MemberError } from '../errors.js';
import { hexOf } from '../grpc/int64.js';
import type { MemberId } from '../ids.js';
import type { Logger } from '../logger.js';
import type { MemberConfig } from '../member-config.js';

const POLL_MS = 500;
/** Pauses after failures: 2 s, 4 s, and so on to the eighth. */
const BACKOFFS_MAX = 8;

export interface FoundRecord {
  readonly key: string;
  readonly value: string;
  readonly createRevision: bigint;
}

/** The cluster that knows. Each rejects when it does not answer. */
export interface DiscoveryService {
  get(key: string): Promise<string | undefined>;
  /** All keys that begin so. */
  list(prefix: string): Promise<readonly FoundRecord[]>;
  put(key: string, value: string): Promise<void>;
}

export interface DiscoveringMember {
  readonly id: MemberId;
  /** `name=url`, for each of its addresses. */
  readonly text: string;
}

interface DiscoveryPorts {
  readonly service: DiscoveryService;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** As in etcd, which makes a path of them. */
const prefixOf = (token: string): string => `/_etcd/registry/${token}`;

/**
 * The founding members, in the order in which they came; waits for them without bound. Throws `discovery_failed`: the token
 * is not known, or belongs to a cluster that is complete.
 */
export async function discoverByToken(
  token: string,
  self: DiscoveringMember,
  ports: DiscoveryPorts,
): Promise<MemberConfig['initialCluster']> {
  const ownKey = `${prefixOf(token)}/members/${hexOf(self.id)}`;
  const backoff = new Backoff(ports);
  const check = (): Promise<Found> =>
    backoff.retry('cluster status check', () => findCluster(token, ownKey, ports.service));
  await check();
  await backoff.retry('register member itself', () => ports.service.put(ownKey, self.text));
  ports.logger.log('info', 'register member itself successfully', {
    memberKey: ownKey,
    memberInfo: self.text,
  });
  let found = await check();
  while (found.members.length < found.size) {
    await pause(ports.clock, POLL_MS);
    found = await check();
  }
  const text = found.members
    .slice(0, found.size)
    .map(({ value }) => value.trim())
    .join(',');
  const members = parseInitialCluster(text);
  if (!members.ok) throw failed('discovery: invalid peer URL');
  ports.logger.log('info', 'discovery joined cluster successfully', { cluster: text });
  return members.value;
}

interface Found {
  readonly size: number;
  /** By the order in which they came. */
  readonly members: readonly FoundRecord[];
}

async function findCluster(
  token: string,
  ownKey: string,
  service: DiscoveryService,
): Promise<Found> {
  const text = await service.get(`${prefixOf(token)}/_config/size`);
  if (text === undefined) throw failed('discovery: size key not found');
  const size = /^[+-]?\d{1,9}$/.test(text) ? Number(text) : 0;
  if (size <= 0) throw failed('discovery: size key is bad');
  const records = await service.list(`${prefixOf(token)}/members`);
  const members = records
    .filter(({ value }) => value.includes('='))
    .toSorted((a, b) => (a.createRevision < b.createRevision ? -1 : 1));
  const isFull = members.length >= size;
  if (isFull && !members.slice(0, size).some(({ key }) => key === ownKey)) {
    throw failed('discovery: cluster is full');
  }
  return { size, members };
}

/** Tries for ever, unless the service has said what can not change. */
class Backoff {
  readonly #ports: DiscoveryPorts;
  #failures = 0;

  constructor(ports: DiscoveryPorts) {
    this.#ports = ports;
  }

  async retry<T>(step: string, attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const result = await attempt();
        this.#failures = 0;
        return result;
      } catch (error) {
        if (error instanceof MemberError) throw error;
        this.#failures += 1;
        const seconds = 2 ** Math.min(this.#failures, BACKOFFS_MAX);
        this.#ports.logger.log('warn', 'retry connecting to discovery service', {
          reason: step,
          backoff: `${seconds}s`,
          error: errorOf(error),
        });
        await pause(this.#ports.clock, seconds * 1000);
      }
    }
  }
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}

function failed(reason: string): MemberError {
  return new MemberError('discovery_failed', `failed to join discovery cluster (${reason})`);
}
