/** `make-mirror`: copies keys to another cluster, and keeps copying what changes (etcd client/v3/mirror/syncer.go). */
import { watchMessages } from '@kv/client/watch-messages';
import type { RawClient } from '@kv/client/raw';
import {
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
  kvService,
  type KeyValue,
} from '@kv/proto/kv';
import { wireErrors } from '@kv/proto/errors';
import { Event_EventType, WatchCreateRequest, type Event } from '@kv/proto/watch';
import { fromBytes, fromText, toBytes, type ByteString } from '../bytes.js';
import type { CommandContext, Configuration } from '../context.js';
import { ExitCode, ExitError, badArgs } from '../exit.js';
import { askPassword, type AuthConfig, type ClientConfig } from '../global/config.js';
import type { FlagSet } from '../grammar/flag-set.js';
import type { Io } from '../io.js';
import { oneArgument } from './arguments.js';
import { orFail } from './failure.js';
import { openEnd, prefixEnd, range, type Range } from './range.js';

const pageKeys = 1_000n;
/** Puts of the first copy that are under way at once; their order does not matter. */
const putsMax = 64;
const totalEveryMs = 30_000;

export async function run(context: CommandContext): Promise<ExitCode> {
  const { args, flags, io } = context;
  const destination = oneArgument(args, 'make-mirror takes one destination argument');
  const auth = destinationAuth(flags, io);
  const configuration = await context.configure();
  const config = destinationConfig(flags, configuration, auth);
  const target = await configuration.connect([destination], config);
  const source = await configuration.connect(configuration.config.endpoints);
  if (flags.bool('no-dest-prefix') && flags.string('dest-prefix') !== '') {
    throw badArgs(
      '`--dest-prefix` and `--no-dest-prefix` cannot be set at the same time, choose one',
    );
  }
  const mirror = new Mirror(source, target, flags);
  const timer = setInterval(() => {
    io.stdout(`${mirror.total}\n`);
  }, totalEveryMs);
  try {
    return await orFail(mirror.run());
  } finally {
    clearInterval(timer);
  }
}

function destinationAuth(flags: FlagSet, io: Io): AuthConfig | undefined {
  const user = flags.string('dest-user');
  const password = flags.string('dest-password');
  if (user === '') return undefined;
  if (password !== '') return { user, password };
  const colon = user.indexOf(':');
  return colon < 0
    ? { user, password: askPassword(io, 'Destination Password: ') }
    : { user: user.slice(0, colon), password: user.slice(colon + 1) };
}

/** Limits are those of the source; who we are and what we trust is not. */
function destinationConfig(
  flags: FlagSet,
  { config }: Configuration,
  auth: AuthConfig | undefined,
): ClientConfig {
  return {
    ...config,
    auth,
    token: undefined,
    tls: {
      cert: flags.string('dest-cert'),
      key: flags.string('dest-key'),
      cacert: flags.string('dest-cacert'),
      serverName: '',
      insecureSkipVerify: false,
      insecureTransport: flags.bool('dest-insecure-transport'),
    },
  };
}

class Mirror {
  readonly #source: RawClient;
  readonly #target: RawClient;
  readonly #prefix: ByteString;
  readonly #startRevision: bigint;
  readonly #operationsMax: number;
  readonly #keepsPrefix: boolean;
  #targetPrefix: ByteString;
  #total = 0;

  constructor(source: RawClient, target: RawClient, flags: FlagSet) {
    this.#source = source;
    this.#target = target;
    this.#prefix = flags.string('prefix');
    this.#startRevision = flags.int('rev') - 1n;
    this.#operationsMax = Number(flags.uint('max-txn-ops'));
    this.#targetPrefix = flags.string('dest-prefix');
    this.#keepsPrefix = !flags.bool('no-dest-prefix') && this.#targetPrefix === '';
  }

  /** Operations done at the destination. */
  get total(): number {
    return this.#total;
  }

  /** Ends only by failing. */
  async run(): Promise<never> {
    let revision = this.#startRevision;
    if (revision <= 0n) {
      revision = await this.#currentRevision();
      // Only here, as in etcdctl: with --rev the source's prefix is not put back.
      if (this.#keepsPrefix) this.#targetPrefix = this.#prefix;
      await this.#copyAll(revision);
    }
    return this.#follow(revision + 1n);
  }

  #keys(): Range {
    const prefix = this.#prefix;
    return prefix === '' ? range(openEnd, openEnd) : range(prefix, prefixEnd(prefix));
  }

  async #currentRevision(): Promise<bigint> {
    const key = toBytes(this.#prefix === '' ? 'foo' : this.#prefix);
    const request = RangeRequest.create({ key });
    const answer = await this.#source.call(kvService.range, request, { timeoutMs: Infinity });
    return answer.header?.revision ?? 0n;
  }

  async #copyAll(revision: bigint): Promise<void> {
    const keys = this.#keys();
    for (let key = keys.key; ;) {
      const request = RangeRequest.create({ ...keys, key, revision, limit: pageKeys });
      const page = await this.#source.call(kvService.range, request, { timeoutMs: Infinity });
      await this.#putAll(page.kvs);
      const last = page.kvs[page.kvs.length - 1];
      if (!page.more || last === undefined) return;
      key = toBytes(`${fromBytes(last.key)}\0`);
    }
  }

  async #putAll(kvs: readonly KeyValue[]): Promise<void> {
    for (let from = 0; from < kvs.length; from += putsMax) {
      const batch = kvs.slice(from, from + putsMax);
      await Promise.all(
        batch.map(async (kv) => {
          const request = this.#put(kv);
          await this.#target.call(kvService.put, request, { timeoutMs: Infinity });
          this.#total += 1;
        }),
      );
    }
  }

  async #follow(startRevision: bigint): Promise<never> {
    const request = WatchCreateRequest.create({ ...this.#keys(), startRevision });
    for await (const answer of watchMessages(this.#source, request)) {
      if (answer.compactRevision !== 0n) {
        throw new ExitError(ExitCode.error, wireErrors.compacted.message);
      }
      if (answer.canceled) throw new ExitError(ExitCode.error, fromText(answer.cancelReason));
      await this.#apply(answer.events);
    }
    throw new ExitError(ExitCode.error, 'the watch ended');
  }

  /** What happened in one transaction happens in one, as long as it is not too long. */
  async #apply(events: readonly Event[]): Promise<void> {
    let operations: RequestOp[] = [];
    let revision = 0n;
    for (const { type, kv } of events) {
      if (kv === undefined) continue;
      const isNext = revision !== 0n && kv.modRevision > revision;
      if (isNext || operations.length === this.#operationsMax) {
        await this.#commit(operations);
        operations = [];
      }
      revision = kv.modRevision;
      operations.push(type === Event_EventType.DELETE ? this.#delete(kv) : this.#putOperation(kv));
    }
    if (operations.length > 0) await this.#commit(operations);
  }

  async #commit(success: RequestOp[]): Promise<void> {
    const request = TxnRequest.create({ success });
    await this.#target.call(kvService.txn, request, { timeoutMs: Infinity });
    this.#total += success.length;
  }

  /** Leases are not copied: they mean nothing at the destination. */
  #put({ key, value }: KeyValue): PutRequest {
    return PutRequest.create({ key: this.#targetKey(key), value });
  }

  #putOperation(kv: KeyValue): RequestOp {
    return RequestOp.create({ request: { $case: 'requestPut', value: this.#put(kv) } });
  }

  #delete({ key }: KeyValue): RequestOp {
    const value = DeleteRangeRequest.create({ key: this.#targetKey(key) });
    return RequestOp.create({ request: { $case: 'requestDeleteRange', value } });
  }

  /** With the first occurrence of the prefix replaced. */
  #targetKey(key: Uint8Array): Uint8Array {
    return toBytes(fromBytes(key).replace(this.#prefix, () => this.#targetPrefix));
  }
}
