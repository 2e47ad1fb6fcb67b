/** Names of hosts and services, asked of the system. */
import { lookup, resolveSrv } from 'node:dns/promises';
import type { Resolver } from '@kv/server';

export const systemResolver: Resolver = {
  srv: async (name) => (await resolveSrv(name)).map(({ name: target, port }) => ({ target, port })),
  resolve: async (host) => (await lookup(host)).address,
};
