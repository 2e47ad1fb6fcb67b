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
  const [lowest, highest] = await windowOf(others, timeoutMs, ports);
  const known = versions.filter((version) => version !== undefined);
  const outside = known.find((version) => isBelow(version, lowest) || isBelow(highest, version));
  if (outside !== undefined) {
    ports.logger.log('warn', 'cluster version of remote member is not compatible', {
      'remote-member-cluster-version': outside.join('.'),
      'minimum-cluster-version-supported': lowest.join('.'),
      'maximum-cluster-version-supported': highest.join('.'),
    });
  }
  return known.length > 0 && outside === undefined;
}

/** During a downgrade to this version the cluster is still one minor version higher. */
async function windowOf(
  others: readonly MemberRecord[],
  timeoutMs: number,
  ports: WindowPorts,
): Promise<readonly [MajorMinor, MajorMinor]> {
  const [major, minor] = majorMinorOf(FEATURE_VERSION) ?? LOWEST;
  for (const member of others) {
    const answer = await ask(member, '/downgrade/enabled', timeoutMs, ports);
    if (answer === 'true') {
      const next: MajorMinor = [major, minor + 1];
      return [next, next];
    }
    if (answer === 'false') break;
  }
  return [LOWEST, [major, minor]];
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
