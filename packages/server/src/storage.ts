/**
 * Opens what a member has on disk, in the order that keeps a second process out: the store first (it holds the lock), then
 * the log; and says what both together mean. A new member writes its first entries here.
 */
import { join } from 'node:path';
import { MvccStore, type Backend } from '@kv/mvcc';
import { StableLog, Wal, loadSnapshots, logExists } from '@kv/wal';
import type { FileSystem, Recovered, WalOptions } from '@kv/wal';
import { toIndex } from '@kv/raft';
import { confStateOf } from './cluster/conf-state.js';
import { dataDirOf, type DataDir } from './cluster/data-dir.js';
import { bootstrap } from './cluster/bootstrap.js';
import type { BootstrapNetwork } from './cluster/bootstrap-network.js';
import {
  decodeIdentity,
  encodeIdentity,
  foundingOf,
  type Founding,
  type Identity,
} from './cluster/founding.js';
import type { MemberRecord } from './cluster/member-record.js';
import type { Clock } from './clock.js';
import { Membership } from './cluster/membership.js';
import { forceNewCluster } from './cluster/force-new.js';
import { MemberError, removedError } from './errors.js';
import { hexOf } from './grpc/int64.js';
import type { Logger } from './logger.js';
import type { MemberConfig } from './member-config.js';
import { receivedName, removeReceived } from './replica/snapshot-inbox.js';

export interface StoragePorts {
  readonly clock: Clock;
  readonly bootstrap: BootstrapNetwork;
  readonly fileSystem: FileSystem;
  readonly logger: Logger;
  readonly walSegmentBytes: number;
  readonly commitBatchesMax: number;
  /** Opens the database; refuses when another process has it. */
  openBackend(path: string): Backend | Promise<Backend>;
  /** Opens the copy of another member's store, beside the open store. */
  openImage(path: string): Backend | Promise<Backend>;
}

export interface Storage {
  readonly dirs: DataDir;
  readonly identity: Identity;
  readonly store: MvccStore;
  readonly wal: Wal;
  readonly log: StableLog;
  readonly recovered: Recovered;
  /** Of a member that joins a cluster: the other members, until the log says who they are. Else empty. */
  readonly introduced: readonly MemberRecord[];
}

/** The log, and what was known besides when it was made. */
interface OpenedLog {
  readonly wal: Wal;
  readonly recovered: Recovered;
  readonly introduced: readonly MemberRecord[];
}

/** Throws MemberError, WalError or MvccError; what was opened is closed again. */
export async function openStorage(config: MemberConfig, ports: StoragePorts): Promise<Storage> {
  const dirs = dataDirOf(config.dataDir, config.walDir);
  for (const directory of [dirs.memberDir, dirs.snapDir, dirs.walDir]) {
    ports.fileSystem.makeDirectory(directory);
  }
  const store = await MvccStore.open(await ports.openBackend(dirs.databasePath), {
    limits: {
      compactionRecordsMax: config.compactionBatchLimit,
      commitBatchesMax: ports.commitBatchesMax,
    },
  });
  try {
    const { wal, recovered: found, introduced } = await openLog(config, dirs, store, ports);
    try {
      await finishInstall(dirs, store, found, ports);
      checkTogether(store, wal, found);
      const identity = decodeIdentity(found.metadata);
      const stored = storedMembership(store);
      const recovered = config.forceNewCluster
        ? await goOnAlone(identity, found, store, stored, wal, ports)
        : found;
      const log = StableLog.fromRecovered(recovered, confStateOf(stored.members()));
      return { dirs, identity, store, wal, log, recovered, introduced };
    } catch (error) {
      await wal.close();
      throw error;
    }
  } catch (error) {
    await store.close();
    throw error;
  }
}

/**
 * A crash may have come after the log began to start from a snapshot of another member, and before the copy of its store took the
 * place of ours: it does so now. Copies that the log knows nothing of are removed.
 */
async function finishInstall(
  { snapDir }: DataDir,
  store: MvccStore,
  { snapshot: { index } }: Recovered,
  ports: StoragePorts,
): Promise<void> {
  const { fileSystem, logger } = ports;
  const name = receivedName(index);
  if (store.consistentIndex.index >= index || !fileSystem.list(snapDir).includes(name)) {
    removeReceived(fileSystem, snapDir);
    return;
  }
  removeReceived(fileSystem, snapDir, index);
  const path = join(snapDir, name);
  await store.install(await store.prepare(path, await ports.openImage(path)));
  logger.log('info', 'finished installing a snapshot of another member', {
    'snapshot-index': index,
    revision: store.revision,
  });
}

async function openLog(
  config: MemberConfig,
  dirs: DataDir,
  store: MvccStore,
  ports: StoragePorts,
): Promise<OpenedLog> {
  const { fileSystem, logger, walSegmentBytes } = ports;
  const options = { fileSystem, fsync: !config.unsafeNoFsync, segmentBytes: walSegmentBytes };
  let introduced: readonly MemberRecord[] = [];
  if (!logExists(dirs.walDir, fileSystem)) {
    introduced = await createLog(config, dirs, store, ports, options);
  }
  const { snapshots, rejected } = await loadSnapshots(dirs.snapDir, fileSystem);
  for (const { file, reason } of rejected) {
    logger.log('warn', 'set a damaged snapshot file aside', { path: file, error: reason });
  }
  const opened = await Wal.open(dirs.walDir, { ...options, snapshots });
  const { repair, entries, snapshot, metadata } = opened.recovered;
  if (repair !== undefined) {
    logger.log('warn', 'cut off a torn end of the log: nothing in it had been acknowledged', {
      path: repair.file,
      offset: repair.offset,
      reason: repair.reason,
      copy: repair.copy,
    });
  }
  const founding =
    entries.length > 0 || snapshot.index > 0
      ? undefined
      : interruptedFounding(config, decodeIdentity(metadata));
  if (founding === undefined) return { ...opened, introduced };
  opened.wal.append(founding);
  await opened.wal.sync();
  await opened.wal.close();
  return { ...(await Wal.open(dirs.walDir, { ...options, snapshots })), introduced };
}

/** A crash came between the creation of a founder's log and its first entries; or a member has joined and got no entry yet. */
function interruptedFounding(config: MemberConfig, identity: Identity): Founding | undefined {
  if (config.initialClusterState === 'existing') return undefined;
  const founding = foundingOf(config);
  return founding.memberId === identity.memberId && founding.clusterId === identity.clusterId
    ? founding
    : undefined;
}

/** Returns the members that a member that joins was told of. */
async function createLog(
  config: MemberConfig,
  dirs: DataDir,
  store: MvccStore,
  { bootstrap: network, clock, logger }: StoragePorts,
  options: WalOptions,
): Promise<readonly MemberRecord[]> {
  if (store.consistentIndex.index > 0) {
    throw new MemberError(
      'damaged_data',
      `${dirs.databasePath} holds the effects of ${store.consistentIndex.index} entries, but there is no log in ` +
        `${dirs.walDir}: put the log back, restore a backup, or remove the data directory to begin anew`,
    );
  }
  const beginning = await bootstrap(config, { network, clock, logger });
  const identity = beginning.type === 'founding' ? beginning.founding : beginning.joining;
  const wal = await Wal.create(dirs.walDir, encodeIdentity(identity), options);
  try {
    if (beginning.type === 'founding') wal.append(beginning.founding);
    await wal.sync();
  } finally {
    await wal.close();
  }
  return beginning.type === 'joining' ? beginning.joining.others : [];
}

/** As of the store's consistent index. Changes that were refused when they were applied are not in it. */
function storedMembership(store: MvccStore): Membership {
  const membership = new Membership(Infinity);
  membership.load((name) => store.bucket(name));
  return membership;
}

/** The log of a member that goes on without the others; durable. */
async function goOnAlone(
  identity: Identity,
  recovered: Recovered,
  store: MvccStore,
  stored: Membership,
  wal: Wal,
  { logger }: StoragePorts,
): Promise<Recovered> {
  if (stored.isRemoved(identity.memberId)) throw removedError();
  const applied = toIndex(store.consistentIndex.index);
  const members = stored.members();
  const forced = forceNewCluster(identity.memberId, recovered, { members, applied });
  wal.append({ entries: forced.appended, hardState: forced.hardState });
  await wal.sync();
  logger.log('info', 'forcing restart member', {
    'cluster-id': hexOf(identity.clusterId),
    'local-member-id': identity.memberId,
    'wal-commit-index': recovered.hardState?.commit ?? 0,
    'commit-index': forced.hardState.commit,
  });
  return forced.recovered;
}

/** The store may be behind the log, never ahead of it; and the log must reach back to where the store is. */
function checkTogether(store: MvccStore, wal: Wal, recovered: Recovered): void {
  const { index } = store.consistentIndex;
  if (index > wal.lastIndex) {
    throw new MemberError(
      'damaged_data',
      `the store holds the effects of entry ${index}, but the log ends at ${wal.lastIndex}: acknowledged entries ` +
        'are missing from the log. Restore a backup, or rebuild this member from the others',
    );
  }
  if (index < recovered.snapshot.index) {
    throw new MemberError(
      'damaged_data',
      `the store ends at entry ${index}, but the log begins after ${recovered.snapshot.index}: the store is older ` +
        'than the log. Put the database that belongs to the log back, or rebuild this member from the others',
    );
  }
}
