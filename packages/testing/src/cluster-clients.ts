/** The clients of a test cluster: each is a process of its own, with its clock, and is closed with the cluster. */
import { Client, type ClientOptions } from '@kv/client';
import type { VirtualClock } from './clock/virtual-clock.js';
import { TestClusterError } from './errors.js';
import type { MemberName } from './options.js';
import type { TestMember } from './test-member.js';
import { ClientSite } from './transport/client-site.js';

export interface TestClientOptions extends Omit<
  ClientOptions,
  'endpoints' | 'transport' | 'clock' | 'tls'
> {
  /** The members that this client knows. Default: all. */
  readonly members?: readonly MemberName[];
}

/** Where a client finds the cluster: for programs that open their clients themselves. */
export type Connection = Required<Pick<ClientOptions, 'endpoints' | 'transport' | 'clock'>>;

export class ClusterClients {
  readonly #clock: VirtualClock;
  readonly #members: readonly TestMember[];
  /** Whether time passes for calls by itself. */
  readonly #drives: boolean;
  readonly #sites = new Map<Client, ClientSite>();
  readonly #undrive = new Map<ClientSite, () => void>();
  #count = 0;

  constructor(clock: VirtualClock, members: readonly TestMember[], drives: boolean) {
    this.#clock = clock;
    this.#members = members;
    this.#drives = drives;
  }

  connect(): { readonly site: ClientSite; readonly connection: Connection } {
    const doors = this.#members.map(({ door }) => door);
    const site = new ClientSite(`client-${++this.#count}`, this.#clock, doors);
    if (this.#drives)
      this.#undrive.set(
        site,
        this.#clock.drive(() => site.wantsTime()),
      );
    const endpoints = doors.map(({ endpoint }) => endpoint);
    return { site, connection: { endpoints, transport: site, clock: site.process } };
  }

  async open({ members, ...options }: TestClientOptions): Promise<Client> {
    this.#forgetClosed();
    const { site, connection } = this.connect();
    const endpoints =
      members === undefined
        ? connection.endpoints
        : members.flatMap((name) => this.#endpointsOf(name));
    const client = await Client.open({ ...options, ...connection, endpoints });
    this.#sites.set(client, site);
    return client;
  }

  /** A test for each of a thousand clients must not ask each of them whether time should pass. */
  #forgetClosed(): void {
    for (const [client, site] of this.#sites) {
      if (!client.raw.isClosed) continue;
      this.#sites.delete(client);
      this.#undrive.get(site)?.();
      this.#undrive.delete(site);
    }
  }

  #endpointsOf(name: MemberName): readonly string[] {
    return this.#members.filter((member) => member.name === name).map((m) => m.door.endpoint);
  }

  /** Throws for a client that is not of this cluster. */
  siteOf(client: Client): ClientSite {
    const site = this.#sites.get(client);
    if (site !== undefined) return site;
    throw new TestClusterError('unknown', 'this client is not one of this cluster', {
      remedy: 'open it by cluster.client()',
    });
  }

  async close(): Promise<void> {
    for (const client of this.#sites.keys()) await client.close();
    this.#sites.clear();
    for (const undrive of this.#undrive.values()) undrive();
    this.#undrive.clear();
  }
}
