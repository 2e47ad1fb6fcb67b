/**
 * The way to the other members, as a port. `http-transport.ts` speaks etcd's protocol; a member that is alone has nobody to
 * send to.
 */
import type { Message } from '@kv/raft';
import type { MemberRecord } from '../cluster/member-record.js';
import type { ClusterId, MemberId } from '../ids.js';
import { PeerError } from './errors.js';

/** Who speaks: this member. */
export interface LocalMember {
  readonly memberId: MemberId;
  readonly clusterId: ClusterId;
  /** Where it is reached, for those that do not know it yet. */
  readonly peerUrls: readonly string[];
}

/** What comes from others. Called in turns of the transport's own, never from inside of `send`. */
export interface PeerReceiver {
  /** A message for this member. The bytes in it are owned by the receiver. */
  receive(message: Message): void;
  /** The last message to this member could not be sent. */
  unreachable(id: MemberId): void;
  /** What became of a snapshot that was sent. */
  snapshotSent(id: MemberId, outcome: 'finished' | 'failed'): void;
  /** Whether this member was removed from the cluster: nothing is taken from it any more. */
  isRemoved(id: MemberId): boolean;
  /** A peer says that this very member was removed. Told at most once. */
  removed(): void;
}

/** A request to a member that is no message of Raft: about leases, about versions. */
export interface PeerRequest {
  readonly method: 'GET' | 'POST';
  /** Below the member's peer URL, with its slash. */
  readonly path: string;
  /** Protobuf; empty for GET. */
  readonly body: Uint8Array;
  readonly timeoutMs: number;
}

export interface PeerAnswer {
  readonly status: number;
  readonly body: Buffer;
}

export interface PeerTransport {
  /** Starts to take connections. Called once, before anything else. */
  start(local: LocalMember, receiver: PeerReceiver): void;
  /** Queues messages; what can not be sent is lost, and reported by `unreachable`. */
  send(messages: readonly Message[]): void;
  /** The members to keep connections to; this one is not among them. Replaces what was set before. */
  setPeers(peers: readonly MemberRecord[]): void;
  /** Monotonic milliseconds since when this member has been connected without a break; undefined while it is not. */
  connectedSinceMs(id: MemberId): number | undefined;
  /** Asks one of the peers, at each of its URLs until one answers. Rejects with PeerError when none does in time. */
  call(id: MemberId, request: PeerRequest): Promise<PeerAnswer>;
  close(): Promise<void>;
}

/** For a member that is alone: nobody is reached. */
export const noPeers: PeerTransport = Object.freeze({
  start: () => undefined,
  send: () => undefined,
  setPeers: () => undefined,
  connectedSinceMs: () => undefined,
  call: () => Promise.reject(new PeerError('unreachable', 'this member is alone')),
  close: () => Promise.resolve(),
});
