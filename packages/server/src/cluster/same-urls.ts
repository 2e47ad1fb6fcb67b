/** Whether two lists of URLs mean the same addresses: as written, else with their hosts resolved (etcd v3.7.1 pkg/netutil). */
import { isIP } from 'node:net';
import type { Clock } from '../clock.js';
import { errorOf } from '../errors.js';
import type { Logger } from '../logger.js';
import type { BootstrapNetwork } from './bootstrap-network.js';

export interface ResolvingPorts {
  readonly network: Pick<BootstrapNetwork, 'resolve'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A name that can not be resolved is tried again after this long, and given up after the other. */
const RETRY_MS = 1000;
const RESOLVE_MS_MAX = 30_000;

/** Undefined when they are the same; else why not, in etcd's words. */
export async function findDifference(
  a: readonly string[],
  b: readonly string[],
  ports: ResolvingPorts,
): Promise<string | undefined> {
  if (a.length !== b.length) return `len([${quoted(a)}]) != len([${quoted(b)}])`;
  const written = [a.toSorted(), b.toSorted()] as const;
  if (pairsThatDiffer(...written).length === 0) return undefined;
  const deadlineMs = ports.clock.monotonicMs() + RESOLVE_MS_MAX;
  try {
    const resolved = await Promise.all(
      written.map((urls) => Promise.all(urls.map((url) => resolveUrl(url, deadlineMs, ports)))),
    );
    const [left = [], right = []] = resolved.map((urls) => urls.toSorted());
    const [different] = pairsThatDiffer(left, right);
    return different && `resolved urls: "${different[0]}" != "${different[1]}"`;
  } catch (error) {
    return errorOf(error).message;
  }
}

function pairsThatDiffer(
  a: readonly string[],
  b: readonly string[],
): readonly (readonly [string, string])[] {
  return a
    .map((url, n): readonly [string, string] => [url, b[n] ?? ''])
    .filter(([left, right]) => left.toLowerCase() !== right.toLowerCase());
}

const quoted = (urls: readonly string[]): string =>
  urls.map((url) => JSON.stringify(url)).join(' ');

/** The URL with an address in the place of its host; as it is for localhost, for addresses, and for sockets. */
async function resolveUrl(url: string, deadlineMs: number, ports: ResolvingPorts): Promise<string> {
  const host = /^https?:\/\/(?:[^/@]*@)?([^/:[\]]+):\d+/i.exec(url)?.[1];
  if (host === undefined || host === 'localhost' || isIP(host) !== 0) return url;
  const { network, clock, logger } = ports;
  for (;;) {
    try {
      const address = await network.resolve(host);
      logger.log('info', 'resolved URL Host', { url, host, 'resolved-addr': address });
      return url.replace(host, address.includes(':') ? `[${address}]` : address);
    } catch (error) {
      logger.log('warn', 'failed to resolve URL Host', { url, host, error: errorOf(error) });
      if (clock.monotonicMs() + RETRY_MS > deadlineMs) {
        throw new Error(`failed to resolve "${url}" (${errorOf(error).message})`, { cause: error });
      }
    }
    await new Promise<void>((resolve) => {
      clock.after(RETRY_MS, resolve);
    });
  }
}
