/**
 * A whole member whose disk is memory and whose clock the test turns: the same code as in production, without sockets,
 * files or time. It can lose power at any moment, and comes back with what its disks had promised.
 */
import { MemoryBackend, type BackendOperation } from '@kv/mvcc/testing';
import type { BidiMethod, MethodDescriptor, ServerStreamMethod, UnaryMethod } from '@kv/proto';
import { RpcError } from '@kv/rpc';
import type { Method } from '@kv/rpc';
import { FaultyDisk, type CrashPolicy } from '@kv/wal/testing';
import { noNetwork, type BootstrapNetwork } from '../cluster/bootstrap-network.js';
import { silentLogger, type Logger } from '../logger.js';
import { defaultMemberConfig, type MemberConfig } from '../member-config.js';
import { Member } from '../member.js';
import { noMetrics, type Metrics } from '../metrics.js';
import { noPeers, type PeerTransport } from '../peer/transport.js';
import { FakeStreamCall, FakeUnaryCall, metadataOf } from './fake-calls.js';
import { FakeClock } from './fake-clock.js';

/** A generator that is the same for the same seed (Steele and Vigna, "splitmix": enough for tests). */
export function seededRandom(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    z = (z ^ (z >>> 16)) >>> 0;
    return bound <= 1 ? 0 : z % bound;
  };
}

/** Small, so that tests see segments come and go, and the memory that plays the disk stays small. */
const WAL_SEGMENT_BYTES: number = 64 * 1024;

export interface MemoryMemberOptions {
  readonly config?: Partial<MemberConfig>;
  readonly seed?: number;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
  /** Its own by default; members of one cluster share one. */
  readonly clock?: FakeClock;
  /** Made anew at each start. Alone by default. */
  readonly peers?: () => PeerTransport;
  /** Whom a member asks before it takes part. Nobody is reached by default. */
  readonly bootstrap?: BootstrapNetwork;
  /** Asked before each operation of the store's backend: a returned error is thrown instead. */
  readonly backendFault?: (operation: BackendOperation) => Error | undefined;
}

/** What survives a power cut. */
export interface PowerCut {
  /** Of what the log has written and not synced. */
  readonly disk?: CrashPolicy;
  /** Of the store's commits since its last checkpoint. */
  readonly commitsKept?: number;
}

export class MemoryMember {
  readonly clock: FakeClock;
  readonly disk: FaultyDisk;
  backend: MemoryBackend;
  readonly #options: MemoryMemberOptions;
  #member: Member | undefined;
  #isOpen = false;
  #changed: Partial<MemberConfig> = {};

  private constructor(options: MemoryMemberOptions) {
    this.#options = options;
    this.clock = options.clock ?? new FakeClock();
    this.disk = new FaultyDisk(seededRandom(options.seed ?? 1));
    this.backend = new MemoryBackend(this.#backendOptions());
  }

  /** Opens a member and lets it become leader. */
  static async open(options: MemoryMemberOptions = {}): Promise<MemoryMember> {
    const memory = new MemoryMember(options);
    await memory.start();
    return memory;
  }

  /** A member that was not started yet: for tests of what happens while it starts. */
  static unopened(options: MemoryMemberOptions = {}): MemoryMember {
    return new MemoryMember(options);
  }

  get config(): MemberConfig {
    return { ...defaultMemberConfig, dataDir: '/data', ...this.#options.config, ...this.#changed };
  }

  /** Other settings from the next start on. */
  reconfigure(changed: Partial<MemberConfig>): void {
    this.#changed = { ...this.#changed, ...changed };
  }

  /** Whether it was started, and not stopped or switched off since. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  get member(): Member {
    if (this.#member === undefined) throw new Error('the member is not started');
    return this.#member;
  }

  async start(): Promise<void> {
    this.#member = await Member.open(this.config, {
      clock: this.clock,
      logger: this.#options.logger ?? silentLogger,
      metrics: this.#options.metrics ?? noMetrics,
      random: seededRandom(this.#options.seed ?? 1),
      fileSystem: this.disk,
      walSegmentBytes: WAL_SEGMENT_BYTES,
      openBackend: () => this.backend,
      openImage: (path) => MemoryBackend.fromImage(this.disk.content(path)),
      peers: this.#options.peers?.() ?? noPeers,
      bootstrap: this.#options.bootstrap ?? noNetwork,
    });
    this.#isOpen = true;
    await this.clock.settle();
  }

  /** Stops as a process does that was asked to, and starts again. */
  async restart(): Promise<void> {
    await this.stop();
    this.backend = this.backend.crash(this.backend.unsyncedCommits, this.#backendOptions());
    await this.start();
  }

  async stop(): Promise<void> {
    this.#isOpen = false;
    const closing = this.member.close();
    await this.clock.settle();
    await closing;
  }

  /** Power fails now, and comes back. The member that ran is gone without having been told. */
  async crash(cut: PowerCut = {}): Promise<void> {
    await this.powerOff(cut);
    await this.start();
  }

  /** Power fails now. `start` lets it come back. */
  async powerOff(cut: PowerCut = {}): Promise<void> {
    this.cutPower(cut);
    await this.clock.settle();
  }

  /** Power fails in this very turn; nothing goes on in the meantime. */
  cutPower(cut: PowerCut = {}): void {
    this.#isOpen = false;
    this.disk.reboot(cut.disk ?? 'none');
    this.backend = this.backend.crash(cut.commitsKept ?? 0, this.#backendOptions());
    // What is left of the old process must not go on in memory.
    this.#member?.close().catch(() => undefined);
  }

  /** Calls a unary method and waits for its end. Rejects with the RpcError of a failed call. */
  async call<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    metadata: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    return method.response.decode(
      await this.callBytes(method, method.request.encode(request), metadata),
    );
  }

  /** As `call`, for requests that no encoder would make. */
  async callBytes(
    method: Pick<MethodDescriptor, 'service' | 'name'>,
    request: Uint8Array,
    metadata: Readonly<Record<string, string>> = {},
  ): Promise<Uint8Array> {
    const call = this.begin(method, request, metadata);
    await this.clock.settle();
    return responseOf(call);
  }

  /** Begins a unary call; the test looks at it later. */
  begin(
    method: Pick<MethodDescriptor, 'service' | 'name'>,
    request: Uint8Array,
    metadata: Readonly<Record<string, string>> = {},
  ): FakeUnaryCall {
    const call = new FakeUnaryCall(request, metadataOf(metadata));
    const found = this.#find(method);
    if (found.type !== 'unary') throw new Error(`${method.name} is not unary`);
    found.handler(call);
    return call;
  }

  /** Opens a stream. */
  stream<Request, Response>(
    method: BidiMethod<Request, Response> | ServerStreamMethod<Request, Response>,
    metadata: Readonly<Record<string, string>> = {},
  ): TestStream<Request, Response> {
    const call = new FakeStreamCall(metadataOf(metadata));
    const found = this.#find(method);
    if (found.type !== 'stream') throw new Error(`${method.name} is unary`);
    found.handler(call);
    return new TestStream(call, method, this.clock);
  }

  #find(method: Pick<MethodDescriptor, 'service' | 'name'>): Method {
    const service = this.member.services.find(({ name }) => name === method.service);
    const found = service?.methods[method.name];
    if (found === undefined) throw new Error(`no method ${method.service}/${method.name}`);
    return found;
  }

  #backendOptions(): ConstructorParameters<typeof MemoryBackend>[0] {
    const { backendFault } = this.#options;
    const readFile = (path: string): Uint8Array => this.disk.content(path);
    return backendFault === undefined ? { readFile } : { readFile, fault: backendFault };
  }
}

function responseOf(call: FakeUnaryCall): Uint8Array {
  if (call.end?.type === 'failed') throw call.end.error;
  if (call.response === undefined) throw new RpcError(4, 'no answer yet');
  return call.response;
}

/** The client's end of a stream, in messages. */
export class TestStream<Request, Response> {
  readonly call: FakeStreamCall;
  readonly #method: MethodDescriptor<Request, Response>;
  readonly #clock: FakeClock;

  constructor(call: FakeStreamCall, method: MethodDescriptor<Request, Response>, clock: FakeClock) {
    this.call = call;
    this.#method = method;
    this.#clock = clock;
  }

  /** Sends one message and lets everything come to rest. */
  async send(request: Request): Promise<void> {
    this.call.send(this.#method.request.encode(request));
    await this.#clock.settle();
  }

  /** What has arrived since the last look. */
  async received(): Promise<readonly Response[]> {
    await this.#clock.settle();
    return this.call.take().map((bytes) => this.#method.response.decode(bytes));
  }
}
