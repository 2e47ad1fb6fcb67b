/**
 * The way to the other members, as a port. `http-transport.ts` speaks etcd's protocol; a member that is alone has nobody to
 * send to.
 */
import type { Message, MsgSnap } from '@kv/raft';
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
  /** All streams with this peer have ended, and each of its addresses refuses a new one: nobody listens there. Told once per loss. */
  peerRefused(id: MemberId): void;
  /**
   * A snapshot comes, with the copy of a store. Resolves when all of it is here, verified and durable, and Raft was told. Rejects
   * when it can not be taken; nothing has changed then. The chunks are the receiver's; an error of theirs ends the transfer.
   */
  receiveSnapshot(message: MsgSnap, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /** Whether this member was removed from the cluster: nothing is taken from it any more. */
  isRemoved(id: MemberId): boolean;
  /** A peer says that this very member was removed. Told at most once. */
  removed(): void;
}

/** A request to a member that is no message of Raft: about leases, versions, hashes. */
export interface PeerRequest {
  readonly method: 'GET' | 'POST';
  /** Below the member's peer URL, with its slash. */
  readonly path: string;
  /** Protobuf, or JSON where etcd has JSON. */
  readonly body: Uint8Array;
  readonly timeoutMs: number;
}

export interface PeerAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** The copy of a store that goes with a snapshot. */
export interface SnapshotImage {
  readonly bytes: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface PeerTransport {
  /** Starts to take connections. Called once, before anything else. */
  start(local: LocalMember, receiver: PeerReceiver): void;
  /** Queues messages; what can not be sent is lost, and reported by `unreachable`. */
  send(messages: readonly Message[]): void;
  /**
   * Sends a snapshot and the copy of the store that it stands for, at the pace of the peer. Resolves once the peer has it for
   * good; rejects with PeerError otherwise, and with the reason of `signal`.
   */
  sendSnapshot(message: MsgSnap, image: SnapshotImage, signal: AbortSignal): Promise<void>;
  /** Whether this peer is of a kind that can use our snapshots; undefined until it was heard. */
  takesSnapshots(id: MemberId): boolean | undefined;
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
  sendSnapshot: () => Promise.reject(new PeerError('unreachable', 'this member is alone')),
  takesSnapshots: () => undefined,
  setPeers: () => undefined,
  connectedSinceMs: () => undefined,
  call: () => Promise.reject(new PeerError('unreachable', 'this member is alone')),
  close: () => Promise.resolve(),
});
