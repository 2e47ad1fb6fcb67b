/** What every part of the suite gets: one server, and clients to it whose keys nobody else uses. */
import { randomUUID } from 'node:crypto';
import { Client } from '../../src/client.js';
import type { KvClient } from '../../src/kv.js';
import type { ClientOptions } from '../../src/options.js';
import type { Transport } from '../../src/transport/port.js';

export interface SuiteContext {
  /** `host:port` of a server that runs while the suite does. */
  endpoint(): string;
  readonly transport: Transport;
}

export function open(context: SuiteContext, more: Partial<ClientOptions> = {}): Promise<Client> {
  const { transport } = context;
  return Client.open({ endpoints: [context.endpoint()], transport, timeoutMs: 10_000, ...more });
}

/** A part of the key space of its own. */
export function own(client: Client): KvClient {
  return client.namespace(`${randomUUID()}/`);
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}
