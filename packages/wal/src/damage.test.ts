// Goal: damage is told from a torn tail; acknowledged data is never cut and never returned wrong (F-14, F-15, G-13).
// Method: cut, overwrite and flip at every place of small logs on a simulated disk.
import { describe, expect, it } from 'vitest';
import {
  create,
  DIRECTORY,
  entries,
  entry,
  failure,
  ids,
  makeDisk,
  METADATA,
  open,
  segmentPaths,
  state,
  written,
  containing,
  oneOf,
} from '../test/support.js';
import type { Wal } from './index.js';
import { WalError } from './errors.js';
import { RecordType } from './record.js';
import type { FaultyDisk } from './testing/index.js';
import { seededRandom } from './testing/random.js';

const FIRST = `${DIRECTORY}/0000000000000000-0000000000000000.wal`;

async function threeBatches(wal: Wal): Promise<void> {
  for (let i = 1; i <= 9; i += 3) {
    wal.append({ entries: entries(i, i + 2), hardState: state(1, i) });
    await wal.sync();
  }
}

function diskWith(content: Uint8Array, path = FIRST): FaultyDisk {
  const disk = makeDisk();
  disk.makeDirectory(DIRECTORY);
  disk.place(path, content);
  return disk;
}

/** The end of the last nonzero byte. */
function usedBytes(content: Uint8Array): number {
  return content.findLastIndex((byte) => byte !== 0) + 1;
}

/** A log whose process was killed: no last mark. */
async function killed(write: (wal: Wal) => Promise<void>): Promise<Uint8Array> {
  const disk = makeDisk();
  await write(await create(disk));
  disk.reboot('all');
  return disk.content(FIRST);
}

describe('F-14: the tail', () => {
  it('truncated at every byte opens with a prefix, once with a repair and then without', async () => {
    const content = await killed(threeBatches);
    const whole = ids((await open(diskWith(content))).recovered.entries);
    const shortest = usedBytes(content);
    for (let size = 96; size < shortest; size++) {
      const disk = diskWith(content.subarray(0, size));
      const { recovered } = await open(disk);
      const found = ids(recovered.entries);
      expect(found).toEqual(whole.slice(0, found.length));
      disk.reboot('none');
      expect((await open(disk)).recovered).toEqual({ ...recovered, repair: undefined });
    }
  });

  it('zero from any byte on is the end there', async () => {
    const content = await killed(async (wal) => {
      wal.append({ entries: entries(1, 9) });
      await wal.sync();
    });
    const end = usedBytes(content);
    for (let from = 128; from < end; from++) {
      const { recovered } = await open(diskWith(content.slice().fill(0, from)));
      expect(recovered.entries).toEqual(entries(1, recovered.entries.length));
    }
  });

  it('of random bytes is damage: refused, and the files are left as they are', async () => {
    const content = await killed(threeBatches);
    const end = Math.ceil(usedBytes(content) / 8) * 8;
    const random = seededRandom(3);
    for (let i = end; i < end + 200; i++) content[i] = 1 + random(255);
    const disk = diskWith(content);
    const error = await failure(() => open(disk));
    expect(error).toBeInstanceOf(WalError);
    expect(error).toMatchObject({ code: 'corrupt', file: FIRST, offset: end });
    expect(disk.content(FIRST)).toEqual(content);
    expect(disk.list(DIRECTORY)).toHaveLength(1);
  });

  it('of an old valid record is damage: its checksum does not continue the chain', async () => {
    const content = await killed(threeBatches);
    const end = Math.ceil(usedBytes(content) / 8) * 8;
    content.copyWithin(end, 128, 128 + 64);
    expect(await failure(() => open(diskWith(content)))).toMatchObject({
      code: oneOf('crc-mismatch', 'corrupt'),
    });
  });

  it('that is cut is kept as a copy, and the report says what and why (H-D15)', async () => {
    const content = await killed(async (wal) => {
      wal.append({ entries: [entry(1), entry(2, 1, new Uint8Array(3000).fill(7))] });
      await wal.sync();
    });
    content.fill(0, 1024, 1536);
    const disk = diskWith(content);
    const { recovered } = await open(disk);
    expect(ids(recovered.entries)).toEqual(['1@1']);
    expect(recovered.repair).toMatchObject({
      file: FIRST,
      copy: `${FIRST}.broken`,
      reason: containing('torn write'),
    });
    expect(disk.content(`${FIRST}.broken`)).toEqual(content);
    const repaired = disk.content(FIRST);
    expect(repaired.length).toBe(content.length);
    expect(usedBytes(repaired)).toBeLessThanOrEqual(recovered.repair?.offset ?? 0);
  });

  it('W5: power loss at any moment of the repair leaves the tail as it was, or its copy', async () => {
    const content = await killed(async (wal) => {
      wal.append({ entries: [entry(1), entry(2, 1, new Uint8Array(3000).fill(7))] });
      await wal.sync();
    });
    content.fill(0, 1024, 1536);
    let cut = 0;
    for (let operation = 0; ; operation++) {
      const disk = diskWith(content);
      disk.crashAt(operation);
      const opened = await open(disk).catch(() => undefined);
      for (const policy of ['none', 'sectors'] as const) {
        disk.reboot(policy);
        const isCut = !Buffer.from(disk.content(FIRST)).equals(content);
        if (isCut) {
          cut++;
          expect(disk.content(`${FIRST}.broken`), `operation ${operation}`).toEqual(content);
        }
      }
      if (opened !== undefined) break;
    }
    expect(cut).toBeGreaterThan(0);
  });
});

describe('acknowledged data', () => {
  it('F-18: behind which a mark stands is never cut: a zeroed sector is refused', async () => {
    const disk = await written(async (wal) => {
      wal.append({ entries: [entry(1), entry(2, 1, new Uint8Array(2000).fill(7)), entry(3)] });
      await wal.sync();
    });
    const content = disk.content(FIRST);
    content.fill(0, 1024, 1536);
    expect(await failure(() => open(diskWith(content)))).toMatchObject({
      code: 'crc-mismatch',
      message: containing('a sync mark at offset'),
    });
  });

  it('behind which a mark stands is never cut: a lost beginning is refused', async () => {
    const disk = await written(threeBatches);
    const content = disk.content(FIRST);
    content.fill(0, 144, 168);
    const error = await failure(() => open(diskWith(content)));
    expect(error).toMatchObject({
      code: 'corrupt',
      message: containing('says that this was durable'),
    });
  });

  it('is refused also after a crash, if a later batch survived whose mark covers it', async () => {
    const content = await killed(async (wal) => {
      wal.append({ entries: [entry(1), entry(2, 1, new Uint8Array(2000).fill(7))] });
      await wal.sync();
      wal.append({ entries: [entry(3)] });
      await wal.sync();
    });
    content.fill(0, 1024, 1536);
    expect(await failure(() => open(diskWith(content)))).toMatchObject({ code: 'crc-mismatch' });
  });

  it('is refused if only its length is damaged, also with no mark behind it', async () => {
    const content = await killed(async (wal) => {
      wal.append({ entries: [entry(1)] });
      await wal.sync();
    });
    // The last record's frame: its header is the eight bytes before the record.
    const header =
      content.findLastIndex((byte, i) => byte === 0x08 && content[i + 1] === RecordType.entry) - 8;
    for (const length of [0, 1024, 1 << 20]) {
      const damaged = content.slice();
      new DataView(damaged.buffer).setUint32(header, length, true);
      new DataView(damaged.buffer).setUint32(header + 4, 0, true);
      expect(await failure(() => open(diskWith(damaged))), `${length}`).toMatchObject({
        code: oneOf('corrupt', 'crc-mismatch'),
        message: containing('the record is intact, but its length is not'),
      });
    }
  });

  it('F-15: is refused if a bit of it flipped, also with no mark behind it: no sector of it is lost', async () => {
    const content = await killed(async (wal) => {
      wal.append({ entries: [entry(1), entry(2, 1, new Uint8Array(3000).fill(7))] });
      await wal.sync();
    });
    content[1024] = (content[1024] ?? 0) ^ 1;
    const disk = diskWith(content);
    expect(await failure(() => open(disk))).toMatchObject({ code: 'crc-mismatch', file: FIRST });
    expect(disk.content(FIRST)).toEqual(content);
  });

  it('a value that holds a forged mark of another place is no evidence', async () => {
    const other = await written(threeBatches);
    const forged = other.content(FIRST).subarray(80, 400);
    const content = await killed(async (wal) => {
      wal.append({
        entries: [entry(1), entry(2, 1, new Uint8Array(600).fill(7)), entry(3, 1, forged)],
      });
      await wal.sync();
    });
    content.fill(0, 512, 1024);
    expect(ids((await open(diskWith(content))).recovered.entries)).toEqual(['1@1']);
  });

  it('F-15: one flipped bit anywhere in a closed log is found, or changes nothing', async () => {
    const disk = await written(threeBatches);
    const content = disk.content(FIRST);
    const good = (await open(diskWith(content))).recovered;
    const outcomes = new Map<string, number>();
    for (let byte = 0; byte < usedBytes(content); byte++) {
      for (let bit = 0; bit < 8; bit++) {
        const flipped = diskWith(content);
        flipped.flipBit(FIRST, byte, bit);
        const outcome = await outcomeOf(flipped, good);
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
    }
    // What changes nothing lies in marks and padding: about a third of such small batches.
    expect([...outcomes.keys()].sort()).toEqual([
      'corrupt',
      'crc-mismatch',
      'metadata-conflict',
      'same',
      'unknown-record',
    ]);
    expect(outcomes.get('same') ?? 0).toBeLessThan(usedBytes(content) * 3);
  });

  it('F-15: one flipped bit in an old segment is found', async () => {
    const disk = await written(async (wal) => {
      for (let i = 1; i <= 6; i++) {
        wal.append({
          entries: [entry(i, 1, new Uint8Array(1500).fill(i))],
          hardState: state(1, i),
        });
        await wal.sync();
      }
    });
    const good = (await open(disk)).recovered;
    const [path = ''] = segmentPaths(disk);
    const random = seededRandom(5);
    for (let i = 0; i < 300; i++) {
      const byte = random(disk.content(path).length);
      const bit = random(8);
      disk.flipBit(path, byte, bit);
      expect(await outcomeOf(disk, good)).toMatch(/corrupt|crc-mismatch|same|unknown-record/);
      disk.flipBit(path, byte, bit);
    }
    expect((await open(disk)).recovered.entries).toEqual(good.entries);
  });

  async function outcomeOf(
    disk: FaultyDisk,
    good: Awaited<ReturnType<typeof open>>['recovered'],
  ): Promise<string> {
    try {
      const { recovered } = await open(disk);
      expect({ ...recovered, repair: undefined }).toEqual({ ...good, repair: undefined });
      return 'same';
    } catch (error) {
      if (!(error instanceof WalError)) throw error;
      expect(error.file).toBeDefined();
      return error.code;
    }
  }
});

describe('B-200: files of a log', () => {
  async function segments(): Promise<FaultyDisk> {
    return written(async (wal) => {
      for (let i = 1; i <= 9; i++) {
        wal.append({ entries: [entry(i, 1, new Uint8Array(1500))], hardState: state(1, i) });
        await wal.sync();
      }
    });
  }

  it('a missing segment is a sequence gap', async () => {
    const disk = await segments();
    const [, second = ''] = segmentPaths(disk);
    disk.remove(second);
    expect(await failure(() => open(disk))).toMatchObject({ code: 'sequence-gap' });
  });

  it('a missing first segment leaves nothing to start from', async () => {
    const disk = await segments();
    const [first = ''] = segmentPaths(disk);
    disk.remove(first);
    expect(await failure(() => open(disk))).toMatchObject({ code: 'snapshot-missing' });
  });

  it('F-18: permuted segments break the chain', async () => {
    const disk = await segments();
    const [, second = '', third = ''] = segmentPaths(disk);
    const content = disk.content(second);
    disk.place(second, disk.content(third));
    disk.place(third, content);
    expect(await failure(() => open(disk))).toMatchObject({ code: 'corrupt' });
  });

  it('a segment whose end is missing breaks the chain', async () => {
    const disk = await segments();
    const [first = ''] = segmentPaths(disk);
    disk.place(first, disk.content(first).subarray(0, 1700));
    expect(await failure(() => open(disk))).toMatchObject({
      code: oneOf('corrupt', 'crc-mismatch'),
    });
    disk.place(first, new Uint8Array(0));
    expect(await failure(() => open(disk))).toMatchObject({ code: 'corrupt' });
  });

  it('a last segment that is empty or zero has lost its header', async () => {
    const disk = await segments();
    const last = segmentPaths(disk).at(-1) ?? '';
    for (const size of [0, 4096]) {
      disk.place(last, new Uint8Array(size));
      expect(await failure(() => open(disk))).toMatchObject({
        code: 'corrupt',
        message: containing('no header'),
      });
    }
  });

  it('other files are left alone', async () => {
    const disk = await segments();
    disk.place(`${DIRECTORY}/notes.txt`, METADATA);
    disk.place(`${DIRECTORY}/xyz-0.wal`, METADATA);
    await open(disk);
    expect(disk.list(DIRECTORY)).toContain('notes.txt');
  });

  it('an absurd length costs no memory (H-D13)', async () => {
    const content = await killed(threeBatches);
    const view = new DataView(content.buffer);
    view.setUint32(128, 0xffff_fff8, true);
    view.setUint32(132, 0x00ff_ffff, true);
    const before = process.memoryUsage().arrayBuffers;
    await failure(() => open(diskWith(content)));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
  });
});
