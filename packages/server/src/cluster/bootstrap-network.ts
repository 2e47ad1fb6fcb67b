/**
 * What a member asks of the world before it takes part in a cluster: other members by their addresses, and names of hosts. Links to
 * other members (`peer/transport.ts`) come later.
 */
import type { ClusterId } from '../ids.js';

export interface LookupAnswer {
  readonly status: number;
  /** As in the header `X-Etcd-Cluster-ID`; empty without one. */
  readonly clusterId: string;
  readonly body: Buffer;
}

/** What goes with a GET that is more than its URL. */
export interface LookupQuestion {
  /** Refused by members of another cluster. */
  readonly clusterId: ClusterId;
  readonly body: Uint8Array;
}

export interface BootstrapNetwork {
  /** GET of a URL. Rejects when nobody answers in time. */
  get(url: string, timeoutMs: number, question?: LookupQuestion): Promise<LookupAnswer>;
  /** The first address of a host, as an IP. Rejects when there is none. */
  resolve(host: string): Promise<string>;
}

/** Nobody is reached. */
export const noNetwork: BootstrapNetwork = Object.freeze({
  get: (url: string) => Promise.reject(new Error(`${url} is not reached: there is no network`)),
  resolve: (host: string) => Promise.reject(new Error(`${host} is not known: there is no network`)),
});
