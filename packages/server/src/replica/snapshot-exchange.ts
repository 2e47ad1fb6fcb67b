/**
 * Snapshots between this member and others, both ways: what Raft wants sent goes out with a copy of the store, what comes in takes
 * the place of log and store together.
 *
 * Installing, each step durable before the next (crash points CP-7):
 *
 * 1. the copy is in `<index>.snap.db`, verified (`snapshot-inbox.ts`);
 * 2. the snapshot file, then its record in the log, then the hard state that covers it: from here on a start finishes the rest;
 * 3. the copy becomes the database (`MvccStore.install`), and what is in memory is read from it anew.
 */
import type { MvccStore } from '@kv/mvcc';
import type { Message, MsgSnap, Snapshot } from '@kv/raft';
import { saveSnapshotFile, type FileSystem, type Wal, type WalBatch } from '@kv/wal';
import type { ReplicatedState } from '../apply/applier.js';
import type { PeerTransport } from '../peer/transport.js';
import { reloadReplicatedState } from '../replicated-state.js';
import { SnapshotInbox, type SnapshotInboxParts } from './snapshot-inbox.js';
import type { SnapshotMark } from './snapshot-marks.js';
import { SnapshotSender, type SnapshotSenderParts } from './snapshot-sender.js';

export interface SnapshotExchangeParts extends SnapshotSenderParts, SnapshotInboxParts {
  readonly store: Pick<MvccStore, 'exportImage' | 'install'>;
  readonly state: ReplicatedState;
  readonly wal: Pick<Wal, 'saveSnapshot' | 'append' | 'sync'>;
  readonly fileSystem: FileSystem;
  readonly snapDir: string;
  readonly peers: Pick<PeerTransport, 'send' | 'sendSnapshot' | 'takesSnapshots'>;
  /** Runs this while this member makes no snapshot of its own: log and store change together. */
  readonly exclusively: (work: () => Promise<SnapshotMark>) => Promise<void>;
}

const NO_BYTES: Uint8Array = new Uint8Array(0);

export class SnapshotExchange {
  readonly #parts: SnapshotExchangeParts;
  readonly sender: SnapshotSender;
  readonly inbox: SnapshotInbox;

  constructor(parts: SnapshotExchangeParts) {
    this.#parts = parts;
    this.sender = new SnapshotSender(parts);
    this.inbox = new SnapshotInbox(parts);
  }

  /** As `PeerTransport.send`: snapshots go their own way. */
  send(messages: readonly Message[]): void {
    const snapshots = messages.filter(isSnapshot);
    if (snapshots.length === 0) {
      this.#parts.peers.send(messages);
      return;
    }
    for (const message of snapshots) this.sender.send(message);
    this.#parts.peers.send(messages.filter((message) => !isSnapshot(message)));
  }

  /**
   * Replaces log and store by what Raft has accepted, after `logSynced`; `batch` is what comes behind it in the log. Resolves when
   * all of it is durable, and the state in memory is that of the new store.
   */
  install(snapshot: Snapshot, batch: WalBatch, logSynced: Promise<void>): Promise<void> {
    const { metrics, exclusively, store, state, wal, fileSystem, snapDir } = this.#parts;
    const { meta } = snapshot;
    return this.inbox.install(meta.index, async (prepared) => {
      metrics.installing(true);
      await exclusively(async () => {
        await logSynced;
        await saveSnapshotFile(snapDir, { meta, data: NO_BYTES }, fileSystem);
        await wal.saveSnapshot(meta);
        wal.append(batch);
        await wal.sync();
        await store.install(prepared);
        reloadReplicatedState(state);
        return meta;
      });
      metrics.installing(false);
    });
  }

  async close(): Promise<void> {
    await Promise.all([this.sender.close(), this.inbox.close()]);
  }
}

function isSnapshot(message: Message): message is MsgSnap {
  return message.type === 'MsgSnap';
}
