/**
 * The order of things in the loop, with a disk that syncs when the test says so: what is durable before what is told
 * (invariant I1), what waits for a sync and what does not, and how it ends.
 */
import { MvccStore } from '@kv/mvcc';
import { MemoryBackend } from '@kv/mvcc/testing';
import { PutRequest, RangeRequest } from '@kv/proto';
import { toIndex, toTerm, type Term } from '@kv/raft';
import { StableLog, type Wal, type WalBatch, nodeFileSystem } from '@kv/wal';
import { beforeEach, describe, expect, it } from 'vitest';
import { ApplyMetrics } from '../apply/apply-observer.js';
import { RequestField } from '../apply/entry-codec.js';
import { Quota } from '../apply/quota.js';
import { foundingOf } from '../cluster/founding.js';
import { silentLogger } from '../logger.js';
import { defaultMemberConfig } from '../member-config.js';
import { noMetrics } from '../metrics.js';
import { noPeers } from '../peer/transport.js';
import { loadReplicatedState } from '../replicated-state.js';
import { RequestMetrics } from '../request/request-metrics.js';
import type { Storage } from '../storage.js';
import { FakeClock } from '../testing/index.js';
import { QUICK_SYNCS_MIN } from './inline-sync.js';
import { Replica } from './replica.js';

/** A log whose syncs wait for the test. */
class ManualLog {
  appended: WalBatch[] = [];
  readonly #syncs: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];

  append(batch: WalBatch): void {
    this.appended.push(batch);
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => this.#syncs.push({ resolve, reject }));
  }

  /** Syncs in the turn that asks for one, if the test says so. */
  quick = false;
  syncedNow = 0;

  syncNow(): boolean {
    if (this.quick) this.syncedNow += 1;
    return this.quick;
  }

  get syncsUnderWay(): number {
    return this.#syncs.length;
  }

  finishSync(error?: Error): void {
    const sync = this.#syncs.shift();
    if (error === undefined) sync?.resolve();
    else sync?.reject(error);
  }

  get entryCount(): number {
    return this.appended.reduce((sum, { entries }) => sum + entries.length, 0);
  }
}

let clock: FakeClock;
let log: ManualLog;
let replica: Replica;
let store: MvccStore;
let heard: string[];
let failures: Error[];

beforeEach(async () => {
  clock = new FakeClock();
  log = new ManualLog();
  heard = [];
  failures = [];
  store = await MvccStore.open(new MemoryBackend());
  const founding = foundingOf(defaultMemberConfig);
  const recovered = {
    metadata: new Uint8Array(0),
    hardState: founding.hardState,
    entries: founding.entries,
    snapshot: {
      index: toIndex(0),
      term: toTerm(0),
      confState: {
        voters: [],
        learners: [],
        votersOutgoing: [],
        learnersNext: [],
        autoLeave: false,
      },
    },
    repair: undefined,
  };
  const storage: Storage = {
    dirs: { memberDir: '', snapDir: '', databasePath: '', walDir: '' },
    identity: founding,
    store,
    wal: log as unknown as Wal,
    log: StableLog.fromRecovered(recovered),
    recovered,
    introduced: [],
  };
  const observer = new ApplyMetrics(clock, silentLogger, noMetrics, 100);
  const requests = new RequestMetrics(clock, silentLogger, noMetrics, 300);
  replica = new Replica(
    defaultMemberConfig,
    storage,
    loadReplicatedState(store, defaultMemberConfig),
    new Quota(-1, () => 0),
    {
      clock,
      logger: silentLogger,
      metrics: noMetrics,
      random: () => 0,
      peers: noPeers,
      observer,
      requests,
      fileSystem: nodeFileSystem,
      openImage: () => new MemoryBackend(),
    },
    {
      applied: (batch) => {
        heard.push(`applied ${batch.changes.map(({ revision }) => revision).join(',')}`);
      },
      restored: () => undefined,
      exclusively: () => Promise.resolve(),
      deposed: () => undefined,
      failed: (error) => failures.push(error),
    },
  );
  replica.start();
  await clock.settle();
  // The vote and the first entry of the term.
  while (log.syncsUnderWay > 0) {
    log.finishSync();
    await clock.settle();
  }
  expect(replica.leadership.isLeader).toBe(true);
  heard = [];
});

function put(name: string, onlyInTerm?: Term): void {
  const request = PutRequest.encode(PutRequest.create({ key: Buffer.from(name) })).finish();
  replica.proposer.propose(
    replica.proposer.draft(RequestField.put, request),
    {
      applied: () => heard.push(`${name} answered`),
      failed: (failure) => heard.push(`${name} ${failure}`),
    },
    onlyInTerm,
  );
}

function read(name: string): void {
  replica.linearizable.join({
    ready: () => heard.push(`${name} read at ${store.revision}`),
    failed: (failure) => heard.push(`${name} ${failure}`),
  });
  replica.wake();
}

describe('a put', () => {
  it('I1 is applied, told and answered only after its entry is synced', async () => {
    put('a');
    await clock.settle();
    expect(log.syncsUnderWay).toBe(1);
    expect([heard, store.revision]).toEqual([[], 1]);
    log.finishSync();
    await clock.settle();
    expect(heard).toEqual(['applied 2', 'a answered']);
  });

  it('that arrives during a sync waits for the next one, with all that arrive until then', async () => {
    put('a');
    await clock.settle();
    const before = log.entryCount;
    for (let n = 0; n < 50; n++) put(`b${n}`);
    await clock.settle();
    expect(log.entryCount).toBe(before);
    log.finishSync();
    await clock.settle();
    expect(heard).toEqual(['applied 2', 'a answered']);
    expect([log.syncsUnderWay, log.entryCount]).toEqual([1, before + 50]);
    log.finishSync();
    await clock.settle();
    expect(heard).toHaveLength(2 + 1 + 50);
    expect(store.revision).toBe(52);
  });

  it('while the disk works on the next batch, the one before is applied and answered', async () => {
    put('a');
    await clock.settle();
    put('b');
    log.finishSync();
    await clock.settle();
    expect(heard).toEqual(['applied 2', 'a answered']);
    expect(log.syncsUnderWay).toBe(1);
  });

  it('H-L1 bound to a term that is over is dropped, never proposed', async () => {
    const entries = log.entryCount;
    put('late', toTerm(1));
    put('now', toTerm(2));
    await clock.settle();
    expect(heard).toEqual(['late dropped']);
    expect(log.entryCount).toBe(entries + 1);
  });

  it('is refused when it is too large, before anything else', () => {
    const request = RangeRequest.encode(
      RangeRequest.create({ key: new Uint8Array(defaultMemberConfig.maxRequestBytes) }),
    ).finish();
    const draft = replica.proposer.draft(RequestField.put, request);
    replica.proposer.propose(draft, {
      applied: () => undefined,
      failed: (failure) => heard.push(failure),
    });
    expect(heard).toEqual(['requestTooLarge']);
  });

  it('that has no result in time fails, and its late result is told to nobody', async () => {
    put('a');
    await clock.settle();
    await clock.advance(7200);
    replica.tick();
    expect(heard).toEqual(['a timedOut']);
    log.finishSync();
    await clock.settle();
    expect(heard).toEqual(['a timedOut', 'applied 2']);
  });
});

describe('a put on a quick disk', () => {
  beforeEach(async () => {
    for (let n = 0; n < QUICK_SYNCS_MIN; n++) {
      put(`warm${n}`);
      await clock.settle();
      log.finishSync();
      await clock.settle();
    }
    heard = [];
    log.quick = true;
  });

  it('I1 that is alone is synced, applied and answered in one turn', async () => {
    const { revision } = store;
    put('a');
    await clock.turns(1);
    expect([log.syncedNow, log.syncsUnderWay]).toEqual([1, 0]);
    expect(heard).toEqual([`applied ${revision + 1}`, 'a answered']);
  });

  it('that is not alone waits for the pool, where others can gather behind it', async () => {
    put('a');
    put('b');
    await clock.settle();
    expect([log.syncedNow, log.syncsUnderWay, heard]).toEqual([0, 1, []]);
  });

  it('I4 whose sync fails ends the member, and is answered to nobody', async () => {
    log.syncNow = () => {
      throw new Error('EIO');
    };
    put('a');
    await clock.settle();
    expect(failures.map(({ message }) => message)).toEqual(['EIO']);
    await replica.close();
    expect(heard).toEqual(['a stopped']);
  });
});

describe('a read', () => {
  it('needs no sync, and comes after what was answered before it', async () => {
    put('a');
    await clock.settle();
    log.finishSync();
    await clock.settle();
    read('r');
    await clock.settle();
    expect(heard.at(-1)).toBe('r read at 2');
    expect(log.syncsUnderWay).toBe(0);
  });

  it('I6 that arrives after a put was answered sees it', async () => {
    put('a');
    read('before');
    await clock.settle();
    log.finishSync();
    await clock.settle();
    read('after');
    await clock.settle();
    expect(heard.filter((line) => line.startsWith('after'))).toEqual(['after read at 2']);
  });
});

describe('the end', () => {
  it('I4 a failed sync ends it at once: told once, answered to nobody as success, not tried again', async () => {
    put('a');
    await clock.settle();
    log.finishSync(new Error('EIO'));
    put('b');
    await clock.settle();
    expect(failures.map(({ message }) => message)).toEqual(['EIO']);
    expect(log.syncsUnderWay).toBe(0);
    await replica.close();
    expect(heard).toEqual(['a stopped', 'b stopped']);
  });

  it('closing waits for the sync that is under way, and applies nothing after it', async () => {
    put('a');
    await clock.settle();
    let closed = false;
    const closing = replica.close().then(() => {
      closed = true;
    });
    await clock.settle();
    expect(closed).toBe(false);
    log.finishSync();
    await closing;
    expect(heard).toEqual(['a stopped']);
    expect(store.revision).toBe(1);
  });
});
