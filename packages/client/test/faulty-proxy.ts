/**
 * A TCP proxy that does to connections what networks do: cuts them after some bytes, stalls them, turns bits. All from one seed, so that a failure
 * can be repeated.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Numbers in [0, 1) from a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Faults {
  /** Each connection is cut after at most so many bytes, both ways together; one in eight after up to fifty times as many, so that something gets through. */
  readonly cutAfterBytesMax?: number;
  /** Part of the connections that hang instead, for so long, before they are cut. */
  readonly stallPart?: number;
  readonly stallMs?: number;
  /** Part of the chunks from the server in which one bit turns. */
  readonly corruptPart?: number;
}

export class FaultyProxy implements AsyncDisposable {
  readonly endpoint: string;
  /** Connections that were cut. */
  cuts = 0;
  corruptions = 0;
  /** None: a good line. */
  faults: Faults = {};
  readonly #server: Server;
  readonly #random: () => number;
  readonly #sockets = new Set<Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #isBlackHole = false;

  static async open(endpoint: string, seed: number): Promise<FaultyProxy> {
    const port = Number(endpoint.split(':')[1]);
    const joined: { proxy?: FaultyProxy } = {};
    const server = createServer((socket) => joined.proxy?.join(socket, port));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const proxy = new FaultyProxy(server, seed);
    joined.proxy = proxy;
    return proxy;
  }

  private constructor(server: Server, seed: number) {
    this.#server = server;
    this.#random = seeded(seed);
    this.endpoint = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** @internal */
  join(client: Socket, port: number): void {
    const upstream = connect(port, '127.0.0.1');
    const line = new Line(client, upstream, this.faults, this.#random, {
      cut: () => {
        this.cuts += 1;
      },
      corrupted: () => {
        this.corruptions += 1;
      },
      isSilent: () => this.#isBlackHole,
      after: (delayMs, action) => {
        const timer = setTimeout(() => {
          this.#timers.delete(timer);
          action();
        }, delayMs);
        this.#timers.add(timer);
      },
    });
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        line.cut();
      });
    }
  }

  /** Ends of connections that are open: two for each. */
  get socketCount(): number {
    return this.#sockets.size;
  }

  /** Cuts every connection now. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** From now on no byte passes, and nobody is told. */
  blackHole(isOn: boolean): void {
    this.#isBlackHole = isOn;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.cutAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

interface LineEvents {
  cut(): void;
  corrupted(): void;
  isSilent(): boolean;
  after(delayMs: number, action: () => void): void;
}

/** One connection through the proxy. */
class Line {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #faults: Faults;
  readonly #random: () => number;
  readonly #events: LineEvents;
  #bytesLeft: number;
  #isCut = false;

  constructor(
    client: Socket,
    upstream: Socket,
    faults: Faults,
    random: () => number,
    events: LineEvents,
  ) {
    this.#client = client;
    this.#upstream = upstream;
    this.#faults = faults;
    this.#random = random;
    this.#events = events;
    const { cutAfterBytesMax } = faults;
    const bytesMax = (cutAfterBytesMax ?? Infinity) * (random() < 1 / 8 ? 50 : 1);
    this.#bytesLeft = bytesMax === Infinity ? Infinity : 1 + Math.floor(random() * bytesMax);
    client.on('data', (chunk) => {
      this.#pass(chunk as Buffer, upstream);
    });
    upstream.on('data', (chunk) => {
      this.#pass(this.#corrupt(chunk as Buffer), client);
    });
  }

  #pass(chunk: Buffer, to: Socket): void {
    if (this.#isCut || this.#events.isSilent()) return;
    const passed = chunk.subarray(0, this.#bytesLeft);
    this.#bytesLeft -= passed.length;
    to.write(passed);
    if (this.#bytesLeft > 0) return;
    this.#isCut = true;
    const { stallPart = 0, stallMs = 0 } = this.#faults;
    if (this.#random() < stallPart) {
      this.#events.after(stallMs, () => {
        this.#end();
      });
    } else {
      // What was written last may still arrive.
      this.#events.after(0, () => {
        this.#end();
      });
    }
  }

  #corrupt(chunk: Buffer): Buffer {
    if (this.#random() >= (this.#faults.corruptPart ?? 0)) return chunk;
    const at = Math.floor(this.#random() * chunk.length);
    chunk[at] = (chunk[at] ?? 0) ^ (1 << Math.floor(this.#random() * 8));
    this.#events.corrupted();
    return chunk;
  }

  #end(): void {
    this.#events.cut();
    if (this.#random() < 0.5) this.#client.resetAndDestroy();
    else this.#client.destroySoon();
    this.#upstream.destroy();
  }

  /** The other half goes with the first. */
  cut(): void {
    this.#isCut = true;
    this.#client.destroySoon();
    this.#upstream.destroy();
  }
}
