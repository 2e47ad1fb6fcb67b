/**
 * A cluster under random faults. Goal: whatever fails, an acknowledged write is there in the end, a read never shows less than
 * what was acknowledged before it began, and all members end up equal. Method: everything follows from a seed: who writes, who
 * reads, who is cut off, whose power fails, and what its disk keeps; then the faults end, and a leader must come.
 */
import {
  HashKVRequest,
  kvService,
  maintenanceService,
  PutRequest,
  RangeRequest,
  RangeResponse,
} from '@kv/proto';
import { describe, expect, it } from 'vitest';
import type { MemberId } from './ids.js';
import type { FakeUnaryCall } from './testing/fake-calls.js';
import { MemoryCluster, seededRandom, type MemoryMember } from './testing/index.js';
import { put, range, text } from './testing/requests.js';

const STEPS = 150;
/** More by hand: each takes a fifth of a second. */
const seedCount = Number(process.env['KV_FAULT_SEEDS'] ?? 6);
const SEEDS: readonly number[] = Array.from({ length: seedCount }, (_, n) => 1000 + n);

interface Asked {
  readonly call: FakeUnaryCall;
  /** What had been acknowledged when it began. */
  readonly floor: number;
}

class Trial {
  readonly #cluster: MemoryCluster;
  readonly #random: (bound: number) => number;
  /** Also of members that are down. */
  readonly #ids: ReadonlyMap<MemoryMember, MemberId>;
  readonly #down = new Set<MemoryMember>();
  #written = 0;
  #acknowledged = 0;
  #writes: { readonly call: FakeUnaryCall; readonly value: number }[] = [];
  #reads: Asked[] = [];
  checkedReads = 0;
  readonly acknowledgedKeys: string[] = [];

  constructor(cluster: MemoryCluster, seed: number) {
    this.#cluster = cluster;
    this.#ids = new Map(cluster.members.map((member) => [member, MemoryCluster.idOf(member)]));
    this.#random = seededRandom(seed);
  }

  async step(): Promise<void> {
    const member = this.#pick();
    switch (this.#random(12)) {
      case 0:
        if (this.#down.size === 0) await this.#powerCut(member);
        break;
      case 1:
        await this.#startAll();
        break;
      case 2:
        this.#cluster.network.isolate(this.#idOf(member));
        break;
      case 3:
      case 4:
        this.#cluster.network.heal();
        break;
      case 5:
      case 6:
        if (!this.#down.has(member)) this.#read(member);
        break;
      default:
        if (!this.#down.has(member)) this.#write(member);
    }
    await this.#cluster.clock.advance(20 + this.#random(400));
    this.#collect();
  }

  /** No more faults: a leader comes, and all agree. */
  async settle(): Promise<void> {
    this.#cluster.network.heal();
    await this.#startAll();
    await this.#cluster.leader();
    await this.#cluster.clock.advance(8000);
    this.#collect();
  }

  get members(): readonly MemoryMember[] {
    return this.#cluster.members;
  }

  #idOf(member: MemoryMember): MemberId {
    const id = this.#ids.get(member);
    if (id === undefined) throw new Error('every member has an id');
    return id;
  }

  #pick(): MemoryMember {
    const member = this.#cluster.members[this.#random(this.#cluster.members.length)];
    if (member === undefined) throw new Error('there are members');
    return member;
  }

  /** Of one or of all, in the midst of writing. */
  async #powerCut(member: MemoryMember): Promise<void> {
    for (let n = 0; n < 3; n++) this.#write(this.#pick());
    await this.#cluster.clock.turns(this.#random(12));
    this.#collect();
    const victims = this.#random(3) === 0 ? this.#cluster.members : [member];
    for (const victim of victims) {
      this.#down.add(victim);
      victim.cutPower({
        disk: this.#random(2) === 0 ? 'none' : 'prefix',
        commitsKept: this.#random(3),
      });
    }
    await this.#cluster.clock.settle();
  }

  async #startAll(): Promise<void> {
    for (const member of this.#down) await member.start();
    this.#down.clear();
  }

  #write(member: MemoryMember): void {
    this.#written += 1;
    const value = this.#written;
    const request = PutRequest.encode(put(`k${value}`, 'x')).finish();
    this.#writes.push({ call: member.begin(kvService.put, request), value });
  }

  #read(member: MemoryMember): void {
    const request = RangeRequest.encode(range('k', 'l', { countOnly: true })).finish();
    this.#reads.push({
      call: member.begin(kvService.range, request),
      floor: this.#acknowledged,
    });
  }

  #collect(): void {
    for (const { call, floor } of this.#reads) {
      if (call.response === undefined) continue;
      expect(Number(RangeResponse.decode(call.response).count)).toBeGreaterThanOrEqual(floor);
      this.checkedReads += 1;
    }
    this.#reads = this.#reads.filter(({ call }) => call.end === undefined);
    for (const { call, value } of this.#writes) {
      if (call.response !== undefined) this.acknowledgedKeys.push(`k${value}`);
    }
    this.#writes = this.#writes.filter(({ call }) => call.end === undefined);
    this.#acknowledged = this.acknowledgedKeys.length;
  }
}

describe('a cluster under random faults', () => {
  it.each(SEEDS)('F-1 F-5 G-1 loses nothing and reads nothing stale (seed %i)', async (seed) => {
    const cluster = await MemoryCluster.open(
      3,
      { snapshotCount: 20, snapshotCatchupEntries: 5 },
      seed,
    );
    const trial = new Trial(cluster, seed);
    for (let n = 0; n < STEPS; n++) await trial.step();
    await trial.settle();
    expect(trial.acknowledgedKeys.length).toBeGreaterThan(10);
    expect(trial.checkedReads).toBeGreaterThan(0);
    const hashes: number[] = [];
    for (const member of trial.members) {
      const { kvs } = await member.call(kvService.range, range('\0', '\0'));
      const keys = new Set(kvs.map(({ key }) => text(key)));
      expect(trial.acknowledgedKeys.filter((key) => !keys.has(key))).toEqual([]);
      hashes.push((await member.call(maintenanceService.hashKV, HashKVRequest.create())).hash);
    }
    expect(new Set(hashes).size).toBe(1);
    await cluster.stop();
  });
});
