/** Options of a test cluster: checked once, defaults filled in, and made into what each member is told. */
import { defaultMemberConfig, type Logger, type MemberConfig } from '@kv/server';
import { TestClusterError } from './errors.js';

export type MemberName = 'm1' | 'm2' | 'm3' | 'm4' | 'm5';
export type MemberCount = 1 | 2 | 3 | 4 | 5;

const names: readonly MemberName[] = ['m1', 'm2', 'm3', 'm4', 'm5'];

export interface TestClusterOptions {
  /** Default 1. */
  readonly members?: MemberCount;
  /** Of all chance in the members: the same seed and the same steps give the same elections and ids. A whole number, default 1. */
  readonly seed?: number;
  /**
   * - `onDemand` (default): time stands still until `advance`, or until a call waits for what only time can bring, such as an
   *   election, its retry or its own time limit; then it passes as far as that takes.
   * - `manual`: only `advance`, `waitFor` and `leader` let time pass.
   */
  readonly time?: 'onDemand' | 'manual';
  /** Settings of every member, by the names of etcd's flags; the paths are those of a disk of memory. */
  readonly config?: Partial<MemberConfig>;
  /** Told what the members have to say. Default: nobody. */
  readonly logger?: (member: MemberName) => Logger;
}

export interface MemberPlan {
  readonly name: MemberName;
  /** `m1:2379`. */
  readonly endpoint: string;
  readonly config: MemberConfig;
  readonly seed: number;
  readonly logger: Logger | undefined;
}

export interface ClusterPlan {
  readonly members: readonly MemberPlan[];
  readonly time: 'onDemand' | 'manual';
}

/** Throws `TestClusterError` of code `invalidOption`. */
export function planOf(options: TestClusterOptions): ClusterPlan {
  const { members = 1, seed = 1, time = 'onDemand' } = options;
  if (!Number.isSafeInteger(members) || members < 1 || members > names.length) {
    throw invalid('members', members, `give a whole number from 1 to ${names.length}`);
  }
  if (!Number.isSafeInteger(seed)) throw invalid('seed', seed, 'give a whole number');
  if (!['onDemand', 'manual'].includes(time)) {
    throw invalid('time', time, `give 'onDemand' or 'manual'`);
  }
  const chosen = names.slice(0, members);
  const initialCluster = chosen.map((name) => ({ name, peerUrls: [peerUrl(name)] }));
  return {
    time,
    members: chosen.map((name, n) => ({
      name,
      endpoint: `${name}:2379`,
      seed: seed * names.length + n,
      logger: options.logger?.(name),
      config: {
        ...defaultMemberConfig,
        heartbeatIntervalMs: HEARTBEAT_MS,
        // Time stands still here until somebody waits for it: watchers would wait for ever.
        watchRestMsMax: 0,
        name,
        dataDir: '/data',
        initialCluster,
        initialAdvertisePeerUrls: [peerUrl(name)],
        advertiseClientUrls: [`http://${name}:2379`],
        ...options.config,
      },
    })),
  };
}

/** Twice the daemon's, with the same election timeout: half as many steps for the same time. */
const HEARTBEAT_MS = 200;

const peerUrl = (name: MemberName): string => `http://${name}:2380`;

function invalid(option: string, value: unknown, remedy: string): TestClusterError {
  return new TestClusterError('invalidOption', `option ${option} is ${String(value)}`, { remedy });
}
