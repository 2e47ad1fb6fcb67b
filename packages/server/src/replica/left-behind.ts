/**
 * Members of etcd that this leader can not bring up to date: the entries that they lack are no longer kept, and a snapshot of this
 * member is of no use to them. Says who they are, and what can be done about it, for as long as it lasts.
 */
import type { ProgressStatus } from '@kv/raft';
import type { Clock } from '../clock.js';
import { hexOf } from '../grpc/int64.js';
import type { MemberId } from '../ids.js';
import type { Logger } from '../logger.js';
import type { Gauge, Metrics } from '../metrics.js';
import type { PeerTransport } from '../peer/transport.js';

/** Between two lines about the same member. */
const REPEAT_MS: number = 10 * 60_000;

export interface LeftBehindPorts {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly peers: Pick<PeerTransport, 'takesSnapshots'>;
}

export class LeftBehind {
  readonly #ports: LeftBehindPorts;
  readonly #progress: () => ReadonlyMap<MemberId, ProgressStatus>;
  readonly #gauge: Gauge;
  /** When each of them was last spoken of. */
  readonly #toldMs = new Map<MemberId, number>();

  /** `progress`: of all members while this one leads, else empty. */
  constructor(ports: LeftBehindPorts, progress: () => ReadonlyMap<MemberId, ProgressStatus>) {
    this.#ports = ports;
    this.#progress = progress;
    this.#gauge = ports.metrics.gauge(
      'kv_server_peer_left_behind',
      'Whether this leader can not bring a member of etcd up to date: neither the log nor a snapshot reaches it.',
      ['To'],
    );
  }

  /** Raft asks, with every heartbeat, for a snapshot to a member that can use none of ours. */
  add(id: MemberId): void {
    const { clock, logger } = this.#ports;
    const nowMs = clock.monotonicMs();
    const toldMs = this.#toldMs.get(id);
    if (toldMs !== undefined && nowMs - toldMs < REPEAT_MS) return;
    this.#toldMs.set(id, nowMs);
    this.#gauge.set(1, hexOf(id));
    logger.log('error', 'a member of etcd can not catch up', {
      'remote-peer-id': id,
      'remote-peer-match-index': this.#progress().get(id)?.match,
      reason:
        'the entries that it lacks are no longer kept, and it can not use the snapshots of this leader',
      hint: this.#remedy(id),
    });
  }

  /** Forgets who goes on by the log again, who is no member any more, and everybody where this member no longer leads. */
  tick(): void {
    if (this.#toldMs.size === 0) return;
    const progress = this.#progress();
    for (const id of this.#toldMs.keys()) {
      const known = progress.get(id);
      if (known !== undefined && known.state !== 'replicate') continue;
      this.#toldMs.delete(id);
      this.#gauge.set(0, hexOf(id));
      if (known === undefined) continue;
      this.#ports.logger.log('info', 'a member of etcd has caught up', { 'remote-peer-id': id });
    }
  }

  #remedy(id: MemberId): string {
    const { peers } = this.#ports;
    for (const [other, { state, learner }] of this.#progress()) {
      if (other === id || peers.takesSnapshots(other) !== false) continue;
      if (state === 'replicate' && !learner) {
        const hex = hexOf(other);
        return `let member ${hex} lead, whose snapshots it can use: etcdctl move-leader ${hex}`;
      }
    }
    const hex = hexOf(id);
    return `replace it by a member of this kind: etcdctl member remove ${hex}, then member add, with an empty data directory`;
  }
}
