// Goal: no bytes on disk crash the reader, exhaust memory, or come back as other data (H-D13, G-13, F-15).
// Method: real logs with random edits, and random bytes; either a WalError, or entries that were once appended.
import { describe, expect, it } from 'vitest';
import {
  create,
  DIRECTORY,
  entry,
  makeDisk,
  segmentPaths,
  snapshot,
  state,
} from '../test/support.js';
import { readLog, WalError } from './index.js';
import { seededRandom } from './testing/random.js';

/** Longer runs: WAL_FUZZ_ROUNDS=1000000 pnpm test src/fuzz.test.ts */
const ROUNDS = Number(process.env['WAL_FUZZ_ROUNDS'] ?? 4000);
const SEED = Number(process.env['WAL_FUZZ_SEED'] ?? 1);

describe(`seed ${SEED}, ${ROUNDS} rounds`, () => {
  it('random edits of a log', async () => {
    const random = seededRandom(SEED);
    const disk = makeDisk(SEED);
    const wal = await create(disk, { segmentBytes: 2048 });
    const known = new Map<number, string>();
    for (let i = 1; i <= 12; i++) {
      const data = new Uint8Array(random(700)).map(() => random(256));
      known.set(i, Buffer.from(data).toString('hex'));
      wal.append({ entries: [entry(i, 1, data)], hardState: state(1, i) });
      await wal.sync();
      if (i === 4) await wal.saveSnapshot(snapshot(4));
    }
    await wal.close();
    const paths = segmentPaths(disk);
    const contents = paths.map((path) => disk.content(path));
    let accepted = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const which = random(paths.length);
      const path = paths[which] ?? '';
      disk.place(path, edited(contents[which] ?? new Uint8Array(0), random));
      try {
        const { entries, metadata } = readLog(DIRECTORY, {
          fileSystem: disk,
          snapshots: [snapshot(4)],
        });
        accepted++;
        expect(metadata.length).toBeGreaterThan(0);
        for (const one of entries)
          expect(Buffer.from(one.data).toString('hex')).toBe(known.get(one.index));
        if (which < paths.length - 1) expect(entries.at(-1)?.index, `round ${round}`).toBe(12);
      } catch (error) {
        if (!(error instanceof WalError)) throw new Error(`round ${round}`, { cause: error });
      }
      disk.place(path, contents[which] ?? new Uint8Array(0));
    }
    expect(accepted).toBeLessThan(ROUNDS / 2);
  });

  it('random bytes', () => {
    const random = seededRandom(SEED + 1);
    for (let round = 0; round < ROUNDS / 4; round++) {
      const disk = makeDisk();
      disk.makeDirectory(DIRECTORY);
      const bytes = new Uint8Array(random(600)).map(() => (random(3) === 0 ? 0 : random(256)));
      disk.place(`${DIRECTORY}/0000000000000000-0000000000000000.wal`, bytes);
      expect(() => readLog(DIRECTORY, { fileSystem: disk })).toThrow(WalError);
    }
  });
});

/** One to four edits: a byte, a run of zeros, a run of random bytes, a moved piece, a cut, a large number. */
function edited(content: Uint8Array, random: (below: number) => number): Uint8Array {
  let bytes = content.slice();
  for (let edits = 1 + random(4); edits > 0; edits--) {
    const at = random(bytes.length);
    const length = 1 + random(64);
    switch (random(6)) {
      case 0:
        bytes[at] = random(256);
        break;
      case 1:
        bytes.fill(0, at, at + length);
        break;
      case 2:
        for (let i = at; i < Math.min(bytes.length, at + length); i++) bytes[i] = random(256);
        break;
      case 3:
        bytes.copyWithin(at, random(bytes.length), random(bytes.length));
        break;
      case 4:
        bytes = bytes.slice(0, at + 1);
        break;
      default:
        bytes.fill(0xff, at - (at % 8), at - (at % 8) + 8);
    }
  }
  return bytes;
}
