/** What a client may do that costs it nothing and us something: allowances that answers and time give back. */
import type { ConnectionLimits } from '../limits.js';
import { ConnectionError, ErrorCode } from './frame.js';

export class FloodGuard {
  readonly #limits: ConnectionLimits;
  #idleFrames = 0;
  #resets = 0;
  /** WINDOW_UPDATE frames beyond those that the DATA frames we sent can explain; may be negative. */
  #windowUpdates = 0;
  #lastMs: number;
  /** Since when a handshake or a header block has been under way; undefined while none is. */
  #slowSinceMs: number | undefined;

  constructor(limits: ConnectionLimits, nowMs: number) {
    this.#limits = limits;
    this.#lastMs = nowMs;
    this.#slowSinceMs = nowMs;
  }

  /** A frame that asks for work and brings none. */
  idleFrame(): void {
    this.#idleFrames += 1;
    if (this.#idleFrames > this.#limits.idleFramesMax) {
      throw new ConnectionError(ErrorCode.enhanceYourCalm, 'too many idle frames');
    }
  }

  /** A client may answer each DATA frame by a WINDOW_UPDATE of the stream and one of the connection. */
  windowUpdate(): void {
    this.#windowUpdates += 1;
    if (this.#windowUpdates > this.#limits.idleFramesMax) {
      throw new ConnectionError(ErrorCode.enhanceYourCalm, 'too many window updates');
    }
  }

  /** Clients measure the bandwidth by a PING, and may change SETTINGS, after what we send. */
  dataSent(): void {
    this.#windowUpdates -= 2;
    this.#idleFrames = 0;
  }

  /** The client took a call back, or opened one above the limit. */
  reset(): void {
    this.#resets += 1;
    if (this.#resets > this.#limits.resetsMax) {
      throw new ConnectionError(ErrorCode.enhanceYourCalm, 'too many resets');
    }
  }

  /** A call was answered. */
  finished(): void {
    this.#idleFrames = 0;
    if (this.#resets > 0) this.#resets -= 1;
  }

  forgive(nowMs: number): void {
    const forgiven = ((nowMs - this.#lastMs) / 1000) * this.#limits.forgivenPerSecond;
    this.#lastMs = nowMs;
    this.#idleFrames = Math.max(0, this.#idleFrames - forgiven);
    this.#resets = Math.max(0, this.#resets - forgiven);
    if (this.#windowUpdates > 0) this.#windowUpdates = Math.max(0, this.#windowUpdates - forgiven);
  }

  /** Whether something that should be quick has been under way for too long (seen from tick to tick). */
  tooSlow(underWay: boolean, nowMs: number): boolean {
    if (!underWay) this.#slowSinceMs = undefined;
    else this.#slowSinceMs ??= nowMs;
    return this.#slowSinceMs !== undefined && nowMs - this.#slowSinceMs > this.#limits.handshakeMs;
  }
}
