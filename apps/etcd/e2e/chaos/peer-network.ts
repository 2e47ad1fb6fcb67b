/**
 * The network between members, in our hands: each member's peer address leads here, and every connection is known by who dialled whom
 * (`X-Server-From`). A direction that is cut swallows bytes, as a router does that drops packets: nobody is told.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Enough for the head of a request between members. */
const HEAD_BYTES_MAX = 16_384;

/** Directed, as indices of members. */
type Direction = `${number}>${number}`;

interface Connection {
  readonly dialled: number;
  /** Undefined where the request does not say. */
  readonly from: number | undefined;
  readonly inside: Socket;
  readonly outside: Socket;
}

export class PeerNetwork {
  readonly #targets: readonly number[];
  readonly #servers: Server[] = [];
  readonly #connections = new Set<Connection>();
  readonly #cut = new Set<Direction>();
  /** Index of each member by its identifier in hex; known once the cluster runs. */
  #indices: ReadonlyMap<string, number> = new Map();

  private constructor(targets: readonly number[]) {
    this.#targets = targets;
  }

  /** A listener before each of these ports of 127.0.0.1. */
  static async open(targets: readonly number[]): Promise<PeerNetwork> {
    const network = new PeerNetwork(targets);
    for (const index of targets.keys()) await network.#listen(index);
    return network;
  }

  /** Where peers reach this member. */
  port(index: number): number {
    return (this.#servers[index]?.address() as AddressInfo).port;
  }

  /** Nothing can be cut before. */
  introduce(indices: ReadonlyMap<string, number>): void {
    this.#indices = indices;
    // What was dialled before is dialled again, and then known.
    for (const connection of this.#connections) this.#end(connection);
  }

  /** Nothing that this member sends reaches that one. */
  cut(from: number, to: number): void {
    this.#cut.add(`${from}>${to}`);
  }

  /** Connections from which bytes are missing end. */
  heal(): void {
    for (const connection of this.#connections) {
      if (this.#loses(connection, 'in') || this.#loses(connection, 'out')) this.#end(connection);
    }
    this.#cut.clear();
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) this.#end(connection);
    await Promise.all(
      this.#servers.map((server) => new Promise((resolve) => server.close(resolve))),
    );
  }

  async #listen(index: number): Promise<void> {
    const server = createServer((socket) => {
      this.#accept(index, socket);
    });
    this.#servers[index] = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  }

  /** The first bytes say who dials. */
  #accept(dialled: number, outside: Socket): void {
    let head = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk]);
      const isWhole = head.includes('\r\n\r\n');
      if (!isWhole && head.length < HEAD_BYTES_MAX) return;
      outside.off('data', onData);
      this.#join(dialled, outside, head);
    };
    outside.on('data', onData);
    outside.on('error', () => outside.destroy());
  }

  #join(dialled: number, outside: Socket, head: Buffer): void {
    const id = /^x-server-from: *([0-9a-f]+)/im.exec(head.toString('latin1'))?.[1];
    const from = id === undefined ? undefined : this.#indices.get(id);
    const inside = connect(this.#targets[dialled] ?? 0, '127.0.0.1');
    const connection = { dialled, from, inside, outside };
    this.#connections.add(connection);
    const pass = (direction: 'in' | 'out', to: Socket, chunk: Buffer): void => {
      if (!this.#loses(connection, direction)) to.write(chunk);
    };
    pass('in', inside, head);
    outside.on('data', (chunk: Buffer) => {
      pass('in', inside, chunk);
    });
    inside.on('data', (chunk: Buffer) => {
      pass('out', outside, chunk);
    });
    for (const socket of [inside, outside]) {
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.#end(connection);
      });
    }
  }

  /** `in`: from who dialled to who was. Of a stranger it is known only that somebody there should not be heard. */
  #loses({ from, dialled }: Connection, direction: 'in' | 'out'): boolean {
    if (from === undefined) {
      const ending = direction === 'in' ? `>${dialled}` : `${dialled}>`;
      return [...this.#cut].some((cut) =>
        direction === 'in' ? cut.endsWith(ending) : cut.startsWith(ending),
      );
    }
    return this.#cut.has(direction === 'in' ? `${from}>${dialled}` : `${dialled}>${from}`);
  }

  #end(connection: Connection): void {
    this.#connections.delete(connection);
    connection.inside.destroy();
    connection.outside.destroy();
  }
}
