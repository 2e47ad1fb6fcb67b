/** Pings both ways: ours to find dead peers, and theirs, which must not come too often (grpc-go keepalive, ServerParameters and EnforcementPolicy). */

export interface KeepaliveLimits {
  /** Silence after which we ping; 0 turns it off. */
  readonly keepaliveIntervalMs: number;
  /** Silence after our ping that ends the connection. */
  readonly keepaliveTimeoutMs: number;
  /** Least time between two pings of the client while calls are open; 0 allows all. */
  readonly keepaliveMinTimeMs: number;
}

/** Least time between pings of a client that has no call open (grpc-go: two hours). */
const idleMinTimeMs = 2 * 3_600_000;
/** Pings that come too early and are forgiven. */
const strikesMax = 2;

export class Keepalive {
  readonly #limits: KeepaliveLimits;
  #nowMs: number;
  #lastReadMs: number;
  #pingedAtMs: number | undefined;
  #lastPingMs: number | undefined;
  #strikes = 0;

  constructor(limits: KeepaliveLimits, nowMs: number) {
    this.#limits = limits;
    this.#nowMs = nowMs;
    this.#lastReadMs = nowMs;
  }

  onRead(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#lastReadMs = nowMs;
    this.#pingedAtMs = undefined;
  }

  onPong(): void {
    this.#pingedAtMs = undefined;
  }

  /** We sent HEADERS or DATA: clients measure the bandwidth by a ping after each (grpc-go's bdp_estimator, gRPC core's). */
  onAnswer(): void {
    this.#strikes = 0;
    this.#lastPingMs = undefined;
  }

  /** The client pinged. */
  onPing(callsOpen: boolean): 'allowed' | 'tooMany' {
    const { keepaliveMinTimeMs } = this.#limits;
    if (keepaliveMinTimeMs === 0) return 'allowed';
    const last = this.#lastPingMs;
    this.#lastPingMs = this.#nowMs;
    const minTimeMs = callsOpen ? keepaliveMinTimeMs : idleMinTimeMs;
    if (last === undefined || this.#nowMs - last >= minTimeMs) return 'allowed';
    this.#strikes += 1;
    return this.#strikes > strikesMax ? 'tooMany' : 'allowed';
  }

  tick(nowMs: number): 'quiet' | 'ping' | 'dead' {
    this.#nowMs = nowMs;
    const { keepaliveIntervalMs, keepaliveTimeoutMs } = this.#limits;
    if (keepaliveIntervalMs === 0) return 'quiet';
    if (this.#pingedAtMs !== undefined) {
      return nowMs - this.#pingedAtMs >= keepaliveTimeoutMs ? 'dead' : 'quiet';
    }
    if (nowMs - this.#lastReadMs < keepaliveIntervalMs) return 'quiet';
    this.#pingedAtMs = nowMs;
    return 'ping';
  }
}
