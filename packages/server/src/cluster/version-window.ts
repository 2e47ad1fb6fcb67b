/**
 * Whether this version may join a running cluster: at least one member says which version the cluster has, and none says one
 * that is too low or too high (semantics.md §16.3; etcd v3.7.1 etcdserver/cluster_util.go `isCompatibleWithCluster`).
 */
import { errorOf } from '../errors.js';
import type { Logger } from '../logger.js';
import { FEATURE_VERSION } from '../version.js';
import type { BootstrapNetwork } from './bootstrap-network.js';
import type { MemberRecord } from './member-record.js';

type MajorMinor = readonly [number, number];

const LOWEST: MajorMinor = [3, 0];

export interface WindowPorts {
  readonly network: Pick<BootstrapNetwork, 'get'>;
  readonly logger: Logger;
}

export async function isCompatible(
  others: readonly MemberRecord[],
  timeoutMs: number,
  ports: WindowPorts,
): Promise<boolean> {
  const versions = await Promise.all(
    others.map(async (member) => versionIn(await ask(member, '/version', timeoutMs, ports))),
  );
  const [lowest, highest] = windowOf(await isDowngrading(others, timeoutMs, ports));
  const known = versions.filter((version) => version !== undefined);
  const outside = known.find((version) => isBelow(version, lowest) || isBelow(highest, version));
  if (outside !== undefined) {
    const how = isBelow(outside, lowest) ? 'low' : 'high';
    ports.logger.log('warn', `cluster version of remote member is not compatible; too ${how}`, {
      'remote-member-cluster-version': outside.join('.'),
      'minimum-cluster-version-supported': lowest.join('.'),
      'maximum-cluster-version-supported': highest.join('.'),
    });
  }
  return known.length > 0 && outside === undefined;
}

/** During a downgrade to this version the cluster is still one minor version higher. */
function windowOf(isDowngrading: boolean): readonly [MajorMinor, MajorMinor] {
  const [major, minor] = majorMinorOf(FEATURE_VERSION) ?? LOWEST;
  const next: MajorMinor = [major, minor + 1];
  return isDowngrading ? [next, next] : [LOWEST, [major, minor]];
}

/**
 * As the first member says that knows; false when none does. They are asked at the same time: who has no quorum, perhaps until this
 * member has joined, knows nothing for as long as it may take.
 */
async function isDowngrading(
  others: readonly MemberRecord[],
  timeoutMs: number,
  ports: WindowPorts,
): Promise<boolean> {
  const answers = others.map(async (member) => {
    const answer = await ask(member, '/downgrade/enabled', timeoutMs, ports);
    if (answer === 'true' || answer === 'false') return answer === 'true';
    throw new Error('this member does not know');
  });
  return Promise.any(answers).catch(() => false);
}

/** The body of the first of a member's addresses that answers; undefined when none does. */
async function ask(
  { peerUrls }: MemberRecord,
  path: string,
  timeoutMs: number,
  { network, logger }: WindowPorts,
): Promise<string | undefined> {
  for (const url of peerUrls) {
    try {
      const { status, body } = await network.get(url + path, timeoutMs);
      if (status === 200) return body.toString('utf8');
    } catch (error) {
      const fields = { address: url + path, error: errorOf(error) };
      logger.log('warn', 'failed to reach the peer URL', fields);
    }
  }
  return undefined;
}

function versionIn(json: string | undefined): MajorMinor | undefined {
  try {
    const parsed: unknown = JSON.parse(json ?? '');
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const fields: Readonly<Record<string, unknown>> = { ...parsed };
    return majorMinorOf(fields['etcdcluster']);
  } catch {
    return undefined;
  }
}

function majorMinorOf(version: unknown): MajorMinor | undefined {
  const match = typeof version === 'string' ? /^(\d{1,9})\.(\d{1,9})\./.exec(version) : null;
  return match === null ? undefined : [Number(match[1]), Number(match[2])];
}

function isBelow([major, minor]: MajorMinor, [otherMajor, otherMinor]: MajorMinor): boolean {
  return major < otherMajor || (major === otherMajor && minor < otherMinor);
}
