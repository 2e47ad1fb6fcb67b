/**
 * Mistakes that are made on purpose, to see that they are found (reliability.md §2.7): each puts something of its own between the
 * members and their ports, or in the place of one method, for one simulation. No code of the members knows of them.
 */
import type { Backend } from '@kv/mvcc';
import {
  kvService,
  PutRequest,
  RangeRequest,
  TxnRequest,
  watchService,
  WatchResponse,
} from '@kv/proto';
import type { FileSystem } from '@kv/wal';
import { skipCommitInTermCheck } from '@kv/raft/testing';
import { LeaseEngine } from '../lease/lease-engine.js';
import { Proposer } from '../request/proposer.js';
import { calmNetwork } from './network.js';
import type { FaultKind, SimulationOptions } from './options.js';
import { forgottenVotes, reusedReadIds, updatesThatMakeVoters } from './planted-raft.js';
import { uncheckedSnapshots } from './planted-snapshot.js';
import { replaced, type Sabotage } from './sabotage.js';
import type { Check } from './violation.js';

export interface Defect {
  readonly name: string;
  /** Number of the row in reliability.md §2.7; `+` for one that is not there. */
  readonly row: number | '+';
  /** Any of these finds it, whichever is first. */
  readonly caughtBy: readonly Check[];
  /** Seeds, from 1 on, within which it is found. */
  readonly seedsMax: number;
  /** What the seeds are bent to, so that the defect has occasion to matter. */
  readonly overrides: Partial<SimulationOptions>;
  readonly install: () => Sabotage;
}

function often(...kinds: readonly FaultKind[]): ReadonlyMap<FaultKind, number> {
  return new Map(kinds.map((kind) => [kind, 1500]));
}

const crashes: Partial<SimulationOptions> = {
  machines: 3,
  syncMs: [5, 40],
  faultEveryMs: often('powerCut', 'blackout'),
};

/** A write is said to be on stable storage before it is. */
function eagerSync(fileSystem: FileSystem): FileSystem {
  return {
    makeDirectory: (path) => {
      fileSystem.makeDirectory(path);
    },
    list: (path) => fileSystem.list(path),
    rename: (from, to) => {
      fileSystem.rename(from, to);
    },
    remove: (path) => {
      fileSystem.remove(path);
    },
    syncDirectory: (path) => fileSystem.syncDirectory(path),
    open: (path, mode) => {
      const handle = fileSystem.open(path, mode);
      return {
        path,
        size: () => handle.size(),
        read: (target, position) => handle.read(target, position),
        write: (source, position) => handle.write(source, position),
        truncate: (size) => {
          handle.truncate(size);
        },
        sync: () => {
          handle.sync().catch(() => undefined);
          return Promise.resolve();
        },
        syncNow: () => {
          handle.sync().catch(() => undefined);
        },
        close: () => {
          handle.close();
        },
      };
    },
  };
}

/** A backend that is this one but for some of its methods. */
function changed(backend: Backend, changes: Partial<Backend>): Backend {
  return new Proxy(backend, {
    get: (target, name) => {
      const own: unknown = Reflect.get(changes, name);
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** The store's own row, and in it the position of the store in the log: index and term. */
const STATE_ROW_BYTES = 88;
const POSITION: readonly [number, number] = [4, 20];

/** The position in the log is written with the next transaction, not with the one that it belongs to. */
function lateIndex(backend: Backend): Backend {
  let before: Uint8Array | undefined;
  return changed(backend, {
    writeRow: (bucket, key, value) => {
      if (value.length !== STATE_ROW_BYTES) {
        backend.writeRow(bucket, key, value);
        return;
      }
      const position = value.slice(...POSITION);
      const row = value.slice();
      row.set(before ?? position, POSITION[0]);
      const end = STATE_ROW_BYTES - 4;
      new DataView(row.buffer).setUint32(end, crc32c(row.subarray(0, end)));
      backend.writeRow(bucket, key, row);
      before = position;
    },
  });
}

/** RFC 3720 B.4, bit by bit: few bytes, and nothing shared with what is tested. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

/** A compaction takes one record too many: the one after what goes, which may be the newest there is. */
function greedyCompaction(backend: Backend): Backend {
  return changed(backend, {
    deleteRecords: (first, last) => {
      backend.deleteRecords(first, last + 1);
    },
  });
}

function bytesAsText(bytes: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(bytes).toString('utf8'), 'utf8');
}

/** Clients' reads are answered at once, without asking whether this member is up to date. */
function withoutBarrier(path: string, request: Uint8Array): Uint8Array {
  if (path !== kvService.range.path) return request;
  return RangeRequest.encode({ ...RangeRequest.decode(request), serializable: true }).finish();
}

/** The third and later operations of a transaction get lost, as if it had failed there and not been rolled back. */
function txnInPart(path: string, request: Uint8Array): Uint8Array {
  if (path !== kvService.txn.path) return request;
  const txn = TxnRequest.decode(request);
  const [success, failure] = [txn.success.slice(0, 2), txn.failure.slice(0, 2)];
  return TxnRequest.encode({ ...txn, success, failure }).finish();
}

function keysAsText(path: string, request: Uint8Array): Uint8Array {
  if (path === kvService.put.path) {
    const put = PutRequest.decode(request);
    return PutRequest.encode({ ...put, key: bytesAsText(put.key) }).finish();
  }
  if (path !== kvService.range.path) return request;
  const range = RangeRequest.decode(request);
  const [key, rangeEnd] = [bytesAsText(range.key), bytesAsText(range.rangeEnd)];
  return RangeRequest.encode({ ...range, key, rangeEnd }).finish();
}

/** Before events there is word of their revision, without them. */
function earlyProgress(path: string, message: Uint8Array): readonly Uint8Array[] {
  if (path !== watchService.watch.path) return [message];
  const response = WatchResponse.decode(message);
  if (response.events.length === 0) return [message];
  return [WatchResponse.encode({ ...response, events: [], fragment: false }).finish(), message];
}

/** Whoever once led goes on to end leases. */
function leasesOfTheDeposed(): () => void {
  const removers = [
    replaced(LeaseEngine.prototype, 'demote', () => () => undefined),
    replaced(LeaseEngine.prototype, 'confirmLeadership', () => (then) => {
      then(true);
    }),
    replaced(
      Proposer.prototype,
      'propose',
      (propose) =>
        function (this: Proposer, draft, waiter) {
          propose.call(this, draft, waiter);
        },
    ),
  ];
  return () => {
    for (const remove of removers) remove();
  };
}

const calm: Partial<SimulationOptions> = { faultEveryMs: new Map() };
const partitions: Partial<SimulationOptions> = {
  machines: 3,
  faultEveryMs: often('isolation', 'pause', 'transfer'),
};

/** A member with a slow disk lags behind what is acknowledged elsewhere, and answers come late, twice, and in another order. */
const lateAnswers: Partial<SimulationOptions> = {
  machines: 3,
  clients: 6,
  thinkMs: 10,
  syncMs: [1, 3],
  network: {
    ...calmNetwork,
    delayMs: [0.5, 5],
    duplication: 0.5,
    straggling: 0.1,
    reordering: true,
  },
  faultEveryMs: new Map([['slowDisk', 500]]),
};

/**
 * Leadership moves all the time: the entry with which a leader begins takes longer than the heartbeats that confirm it, and it does
 * not know that what was acknowledged last is committed.
 */
const newLeaders: Partial<SimulationOptions> = {
  machines: 3,
  clients: 12,
  thinkMs: 3,
  syncMs: [1, 40],
  network: { ...calmNetwork, delayMs: [0.5, 5], loss: 0.1, reordering: true },
  faultEveryMs: new Map([['transfer', 100]]),
};

/** Leaders are killed, elections collide, and power fails where a vote was given. */
const crashesAfterVotes: Partial<SimulationOptions> = {
  machines: 3,
  clients: 5,
  thinkMs: 20,
  syncMs: [1, 2],
  safetyMs: 15_000,
  network: { ...calmNetwork, delayMs: [1, 60], loss: 0.1, reordering: true },
  faultEveryMs: new Map([
    ['voteCut', 30],
    ['kill', 500],
  ]),
  config: { preVote: false, electionTimeoutMs: 300, initialElectionTickAdvance: false },
};

const manyChanges: Partial<SimulationOptions> = {
  machines: 3,
  network: { ...calmNetwork, delayMs: [0.5, 2] },
  faultEveryMs: new Map([['churn', 150]]),
  config: { strictReconfigCheck: false },
};

/** Members fall behind what the log keeps, so that copies of stores go over a network that damages every other one. */
const damagedCopies: Partial<SimulationOptions> = {
  machines: 3,
  clients: 4,
  thinkMs: 30,
  network: { ...calmNetwork, delayMs: [0.5, 2], damage: 0.5 },
  faultEveryMs: new Map([
    ['isolation', 1500],
    ['kill', 1500],
  ]),
  config: { snapshotCount: 10, snapshotCatchupEntries: 5, maxWals: 1, maxSnapshots: 1 },
};

export const defects: readonly Defect[] = [
  {
    name: 'ack-before-sync',
    row: 1,
    caughtBy: ['log-matching', 'durability', 'linearizability', 'start', 'state-machine'],
    seedsMax: 10,
    overrides: crashes,
    install: () => ({ fileSystem: eagerSync }),
  },
  {
    name: 'apply-before-durable-on-one-member',
    row: 2,
    caughtBy: ['log-matching', 'durability', 'linearizability', 'start', 'state-machine'],
    seedsMax: 40,
    overrides: crashes,
    install: () => ({
      fileSystem: (fileSystem, machine) => (machine === 0 ? eagerSync(fileSystem) : fileSystem),
    }),
  },
  {
    name: 'index-in-another-transaction',
    row: 3,
    caughtBy: ['state-machine', 'start'],
    seedsMax: 10,
    overrides: crashes,
    install: () => ({ backend: lateIndex }),
  },
  {
    name: 'no-read-barrier',
    row: 4,
    caughtBy: ['linearizability', 'history-read'],
    seedsMax: 10,
    overrides: partitions,
    install: () => ({ request: withoutBarrier }),
  },
  {
    name: 'read-id-reused',
    row: 5,
    caughtBy: ['linearizability'],
    seedsMax: 40,
    overrides: lateAnswers,
    install: () => ({ remove: reusedReadIds() }),
  },
  {
    name: 'read-before-commit-in-term',
    row: 6,
    caughtBy: ['linearizability'],
    seedsMax: 100,
    overrides: newLeaders,
    install: () => ({ remove: skipCommitInTermCheck() }),
  },
  {
    name: 'vote-not-persisted',
    row: 7,
    caughtBy: ['log-matching', 'state-machine', 'member-ended', 'durability', 'linearizability'],
    seedsMax: 150,
    overrides: crashesAfterVotes,
    install: () => ({ remove: forgottenVotes() }),
  },
  {
    name: 'revoke-without-leadership',
    row: 8,
    caughtBy: ['lease-early', 'lease-answer'],
    seedsMax: 20,
    overrides: { ...partitions, clients: 5, thinkMs: 30 },
    install: () => ({ remove: leasesOfTheDeposed() }),
  },
  {
    name: 'compaction-takes-the-newest',
    row: 9,
    caughtBy: [
      'linearizability',
      'history-read',
      'state-machine',
      'start',
      'state-hash',
      'member-ended',
      'watch-reliable',
      // Every member refuses the damaged store of every other.
      'convergence',
    ],
    seedsMax: 10,
    overrides: { ...crashes, safetyMs: 15_000 },
    install: () => ({ backend: greedyCompaction }),
  },
  {
    name: 'progress-before-events',
    row: 10,
    caughtBy: ['watch-bookmarkable'],
    seedsMax: 10,
    overrides: calm,
    install: () => ({ written: earlyProgress }),
  },
  {
    name: 'resumed-from-header',
    row: 11,
    caughtBy: ['watch-resumable'],
    seedsMax: 40,
    overrides: { ...crashes, watchers: 3, thinkMs: 20 },
    install: () => ({ resumesFromHeader: true }),
  },
  {
    name: 'transaction-in-part',
    row: 12,
    caughtBy: ['exactly-once', 'linearizability', 'durability'],
    seedsMax: 10,
    overrides: calm,
    install: () => ({ request: txnInPart }),
  },
  {
    name: 'snapshot-without-checksum',
    row: 14,
    caughtBy: ['member-ended', 'start', 'state-hash', 'state-machine', 'linearizability'],
    seedsMax: 40,
    overrides: damagedCopies,
    install: uncheckedSnapshots,
  },
  {
    name: 'update-makes-voters',
    row: '+',
    caughtBy: ['membership'],
    seedsMax: 20,
    overrides: manyChanges,
    install: () => ({ remove: updatesThatMakeVoters() }),
  },
  {
    name: 'keys-as-text',
    row: 15,
    caughtBy: ['exactly-once', 'linearizability', 'durability', 'history-read'],
    seedsMax: 10,
    overrides: calm,
    install: () => ({ request: keysAsText }),
  },
  {
    name: 'client-resends',
    row: 16,
    caughtBy: ['exactly-once'],
    seedsMax: 20,
    overrides: { ...partitions, faultEveryMs: often('clientCut', 'pause') },
    install: () => ({ resends: true }),
  },
];

export function findDefect(name: string): Defect | undefined {
  return defects.find((defect) => defect.name === name);
}
