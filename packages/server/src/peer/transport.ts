/**
 * The way to the other members, as a port. etcd's protocol over HTTP is one implementation to come; a member that is alone has
 * nobody to send to.
 */
import type { Message } from '@kv/raft';
import type { MemberId } from '../ids.js';
import type { MemberRecord } from '../cluster/member-record.js';

/** What comes from others. Called in turns of the transport's own, never from inside of `send`. */
export interface PeerReceiver {
  /** A message for this member. The bytes in it are owned by the receiver. */
  receive(message: Message): void;
  /** The last message to this member could not be sent. */
  unreachable(id: MemberId): void;
  /** What became of a snapshot that was sent. */
  snapshotSent(id: MemberId, outcome: 'finished' | 'failed'): void;
}

export interface PeerTransport {
  /** Starts to take connections. Called once, before anything else. */
  start(receiver: PeerReceiver): void;
  /** Queues messages; what can not be sent is lost, and reported by `unreachable`. */
  send(messages: readonly Message[]): void;
  /** The members to keep connections to; this one is not among them. Replaces what was set before. */
  setPeers(peers: readonly MemberRecord[]): void;
  /** Monotonic milliseconds since when this member has been connected without a break; undefined while it is not. */
  connectedSinceMs(id: MemberId): number | undefined;
  close(): Promise<void>;
}

/** For a member that is alone: nobody is reached. */
export const noPeers: PeerTransport = Object.freeze({
  start: () => undefined,
  send: () => undefined,
  setPeers: () => undefined,
  connectedSinceMs: () => undefined,
  close: () => Promise.resolve(),
});
