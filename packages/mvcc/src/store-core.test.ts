/**
 * Goal: bytes that a disk gives back are judged, also where every checksum is right: an older page in the place of a newer one (F-19).
 * Method: a backend that answers with another record of the same number, or with a state row that contradicts itself.
 */
import { describe, expect, it } from 'vitest';
import { bytes, everything, key, noLease, pairsOf, request } from '../test/scratch.js';
import { RecordEncoder } from './codec/record.js';
import { MvccError } from './errors.js';
import { MvccStore } from './store.js';
import { stateBucket, stateKey } from './store-core.js';
import { StoreState } from './store-state.js';
import { MemoryBackend } from './testing/memory-backend.js';

type Stand = (encoder: RecordEncoder, seq: number) => Uint8Array;

/** Answers reads of one record with another one, once told to. */
class LosingBackend extends MemoryBackend {
  instead: Stand | undefined;

  override readRecord(seq: number): Uint8Array | undefined {
    return this.instead?.(new RecordEncoder(), seq) ?? super.readRecord(seq);
  }
}

const stands: readonly (readonly [what: string, stand: Stand])[] = [
  [
    'of another key',
    (encoder, seq) => whole(encoder.put(seq, key('b'), bytes('v'), 2, 0, 2, 1, noLease)),
  ],
  [
    'of a longer key',
    (encoder, seq) => whole(encoder.put(seq, key('ab'), bytes('v'), 2, 0, 2, 1, noLease)),
  ],
  ['that is a tombstone', (encoder, seq) => whole(encoder.tombstone(seq, key('a'), 2, 0))],
];

function whole({ head, tail }: ReturnType<RecordEncoder['put']>): Uint8Array {
  return Buffer.concat([head, tail]);
}

async function storeOf(backend: MemoryBackend): Promise<MvccStore> {
  // Nothing stays in memory, so that reads go to the backend.
  const store = await MvccStore.open(backend, { limits: { recordCacheBytesMax: 0 } });
  const txn = store.begin();
  request(txn, () => txn.put(key('a'), bytes('value'), noLease));
  // The newest slab stays whatever its size: another one pushes it out.
  request(txn, () => txn.put(key('z'), new Uint8Array(20_000), noLease));
  txn.end();
  return store;
}

describe('a record with right checksums', () => {
  it.each(stands)('%s, in the place of the one that was written, is damage', async (_, stand) => {
    const backend = new LosingBackend();
    const store = await storeOf(backend);
    backend.instead = stand;
    const damage = expect.objectContaining({
      code: 'corrupt',
      message: expect.stringContaining('record 1: another one of its number') as string,
    }) as Error;
    expect(() => store.readNewest().get(key('a'))).toThrow(damage);
    expect(() => pairsOf(store.readNewest(), everything)).toThrow(damage);
    backend.instead = undefined;
    expect(store.readNewest().get(key('a'))?.modRevision).toBe(2);
    await store.close();
  });
});

describe('F-12 closing', () => {
  it('gives the database back also when what is open cannot be committed', async () => {
    let isFull = false;
    const backend = new MemoryBackend({
      fault: (operation) =>
        isFull && operation === 'commit' ? new MvccError('disk-full', 'no space') : undefined,
    });
    let closed = 0;
    backend.close = () => {
      closed++;
      return Promise.resolve();
    };
    const store = await storeOf(backend);
    isFull = true;
    await expect(store.close()).rejects.toMatchObject({ code: 'disk-full' });
    expect(closed).toBe(1);
    expect(() => store.readNewest()).toThrow(expect.objectContaining({ code: 'closed' }) as Error);
  });
});

describe('a state row with a right checksum', () => {
  it.each([
    ['a compaction is finished that was never scheduled', { finishedCompactRevision: 3 }],
    ['a compaction is above the revision', { scheduledCompactRevision: 9 }],
  ])('by which %s is damage', async (_, wrong) => {
    const backend = new MemoryBackend();
    backend.begin();
    backend.writeRow(stateBucket, stateKey, Object.assign(new StoreState(), wrong).encode());
    backend.commit();
    await expect(MvccStore.open(backend)).rejects.toMatchObject({ code: 'corrupt' });
  });

  it('by which the next record would take the number of one that is there is damage', async () => {
    const backend = new MemoryBackend();
    const record = new RecordEncoder().put(3, key('a'), bytes('v'), 2, 0, 2, 1, noLease);
    const state = Object.assign(new StoreState(), { revision: 2, nextSeq: 3 });
    state.records.add(record.checksum);
    backend.begin();
    backend.appendRecord(3, record.head, record.tail);
    backend.writeRow(stateBucket, stateKey, state.encode());
    backend.commit();
    await expect(MvccStore.open(backend)).rejects.toMatchObject({ code: 'corrupt' });
  });
});
