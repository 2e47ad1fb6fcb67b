/** Leases: time-limited ownership of keys, kept alive as long as somebody iterates. */
import {
  LeaseGrantRequest,
  LeaseRevokeRequest,
  LeaseTimeToLiveRequest,
  leaseService,
} from '@kv/proto/lease';
import { copyOf, counterFromWire, identifierToWire } from './data.js';
import { withOutcome } from './errors.js';
import { checkMargin, LeaseSession, type LeaseSessionOptions } from './lease-session.js';
import { keepAliveMessages, renewOnce } from './lease-messages.js';
import type { CallSettings, RawClient } from './raw.js';
import { WaitScope } from './wait.js';

export interface Lease {
  readonly id: bigint;
  /** Seconds, as the server decided. */
  readonly ttlSeconds: number;
}

export interface LeaseState {
  readonly id: bigint;
  readonly remainingSeconds: number;
  readonly grantedSeconds: number;
  /** Empty unless asked for. */
  readonly keys: readonly Uint8Array[];
}

export class LeaseClient {
  readonly #raw: RawClient;

  constructor(raw: RawClient) {
    this.#raw = raw;
  }

  /** Makes a lease; the server may lengthen a short time. An `id` of 0n lets the server choose. */
  async grant(
    ttlSeconds: number,
    options: CallSettings & { readonly id?: bigint } = {},
  ): Promise<Lease> {
    if (!Number.isSafeInteger(ttlSeconds) || ttlSeconds <= 0) {
      throw new TypeError(`ttlSeconds must be a whole number above 0, is ${String(ttlSeconds)}`);
    }
    const request = LeaseGrantRequest.create({
      TTL: BigInt(ttlSeconds),
      ID: identifierToWire('id', options.id ?? 0n),
    });
    const answer = await this.#raw.call(leaseService.leaseGrant, request, options);
    return { id: answer.ID, ttlSeconds: counterFromWire('ttl', answer.TTL) };
  }

  /**
   * A lease that keeps itself alive until it is closed, and tells of its loss before the server can end it: `await using session = await
   * client.lease.session(10)`.
   */
  async session(ttlSeconds: number, options: LeaseSessionOptions = {}): Promise<LeaseSession> {
    checkMargin(ttlSeconds, options.marginMs);
    const sentAtMs = this.#raw.clock.monotonicMs();
    const { marginMs: _margin, ...settings } = options;
    const granted = await this.grant(ttlSeconds, settings);
    return new LeaseSession(this.#raw, { ...granted, sentAtMs }, options);
  }

  /** Ends the lease and deletes its keys. */
  async revoke(id: bigint, settings: CallSettings = {}): Promise<void> {
    const request = LeaseRevokeRequest.create({ ID: identifierToWire('id', id) });
    await this.#raw.call(leaseService.leaseRevoke, request, settings);
  }

  /** Undefined when there is no such lease. */
  async find(
    id: bigint,
    options: CallSettings & { readonly keys?: boolean } = {},
  ): Promise<LeaseState | undefined> {
    const request = LeaseTimeToLiveRequest.create({
      ID: identifierToWire('id', id),
      keys: options.keys ?? false,
    });
    const answer = await this.#raw.call(leaseService.leaseTimeToLive, request, options);
    if (answer.TTL < 0n) return undefined;
    return {
      id: answer.ID,
      remainingSeconds: counterFromWire('ttl', answer.TTL),
      grantedSeconds: counterFromWire('granted ttl', answer.grantedTTL),
      keys: answer.keys.map(copyOf),
    };
  }

  async list(settings: CallSettings = {}): Promise<readonly bigint[]> {
    const answer = await this.#raw.call(leaseService.leaseLeases, {}, settings);
    return answer.leases.map(({ ID }) => ID);
  }

  /** Renews once. Rejects with `leaseNotFound` when the lease is gone. */
  async renew(
    id: bigint,
    settings: Pick<CallSettings, 'signal' | 'timeoutMs'> = {},
  ): Promise<Lease> {
    const wireId = identifierToWire('id', id);
    const { signal, timeoutMs = this.#raw.timeoutMs } = settings;
    const what = (): string => 'the lease was not renewed';
    using scope = new WaitScope(this.#raw.clock, timeoutMs, what, signal);
    try {
      const answer = await renewOnce(this.#raw, wireId, { signal: scope.signal });
      return { id: answer.ID, ttlSeconds: counterFromWire('ttl', answer.TTL) };
    } catch (error) {
      // It may have been renewed all the same.
      throw error === scope.signal.reason ? withOutcome(error, 'unknown') : error;
    }
  }

  /** Renews now and then every third of the time, yielding each renewal; ends when the lease is gone. */
  async *keepAlive(
    id: bigint,
    settings: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<Lease, void, undefined> {
    for await (const answer of keepAliveMessages(this.#raw, identifierToWire('id', id), settings)) {
      yield { id: answer.ID, ttlSeconds: counterFromWire('ttl', answer.TTL) };
    }
  }
}
