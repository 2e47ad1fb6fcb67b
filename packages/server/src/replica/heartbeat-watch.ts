/**
 * Notices heartbeats of a leader that leave late, which its followers take for silence: its disk or its thread is overloaded
 * (etcd v3.7.1 server/etcdserver/raft.go, processMessages, and pkg/contention).
 */
import type { Message } from '@kv/raft';
import type { Clock } from '../clock.js';
import { formatDuration } from '../config/go-duration.js';
import { hexOf } from '../grpc/int64.js';
import type { MemberId } from '../ids.js';
import type { Logger } from '../logger.js';
import type { PeerTransport } from '../peer/transport.js';
import type { ReplicaMetrics } from './replica-metrics.js';

/** Intervals between two heartbeats to one member, above which the second is late. */
const INTERVALS_MAX = 2;

export interface HeartbeatPorts {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly logger: Logger;
  readonly metrics: Pick<ReplicaMetrics, 'heartbeatLate'>;
}

export class HeartbeatWatch {
  readonly #intervalMs: number;
  readonly #ports: HeartbeatPorts;
  /** When the last heartbeat to each member left. */
  readonly #sentMs = new Map<MemberId, number>();

  constructor(intervalMs: number, ports: HeartbeatPorts) {
    this.#intervalMs = intervalMs;
    this.#ports = ports;
  }

  /** These leave now. */
  sending(messages: readonly Message[]): void {
    for (const { type, to } of messages) if (type === 'MsgHeartbeat') this.#sendingTo(to);
  }

  /** Sees what goes to `peers` before they do. */
  before(peers: Pick<PeerTransport, 'send'>): Pick<PeerTransport, 'send'> {
    return {
      send: (messages) => {
        this.sending(messages);
        peers.send(messages);
      },
    };
  }

  /** Leader or role has changed: what was sent before says nothing of what is sent now. */
  reset(): void {
    this.#sentMs.clear();
  }

  #sendingTo(to: MemberId): void {
    const { clock, logger, metrics } = this.#ports;
    const nowMs = clock.monotonicMs();
    const beforeMs = this.#sentMs.get(to);
    this.#sentMs.set(to, nowMs);
    const expectedMs = INTERVALS_MAX * this.#intervalMs;
    if (beforeMs === undefined || nowMs - beforeMs <= expectedMs) return;
    metrics.heartbeatLate();
    logger.log(
      'warn',
      'leader failed to send out heartbeat on time; took too long, leader is overloaded likely from slow disk',
      {
        to: hexOf(to),
        'heartbeat-interval': durationText(this.#intervalMs),
        'expected-duration': durationText(expectedMs),
        'exceeded-duration': durationText(nowMs - beforeMs - expectedMs),
      },
    );
  }
}

/** To the microsecond, as Go prints it. */
function durationText(ms: number): string {
  return formatDuration(BigInt(Math.round(ms * 1000)) * 1000n);
}
