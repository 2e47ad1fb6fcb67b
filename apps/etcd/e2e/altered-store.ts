/**
 * Changes a value in the store of a member that does not run: as a bit that fell over, which no checksum fits, or as a defect of the
 * program, after which every checksum fits and only other members know better.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const POLYNOMIAL = 0x82f63b78;
/** Where the sum of the checksums of all records stands in the state row (`store-state.ts` of `@kv/mvcc`). */
const SUM_AT = 68;

/** CRC-32C bit by bit: an implementation of its own, as the altered store must convince the one that is tested. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
  }
  return ~crc >>> 0;
}

function blob(value: unknown): Buffer {
  if (!(value instanceof Uint8Array)) throw new TypeError('the column is no blob');
  return Buffer.from(value);
}

/** Replaces a value, which only one record has, by one of the same length. `checksums`: whether they fit afterwards. */
export function alterValue(
  dataDir: string,
  value: string,
  replacement: string,
  checksums: 'kept' | 'renewed',
): void {
  const database = new DatabaseSync(join(dataDir, 'member', 'snap', 'db'));
  try {
    const rows = database
      .prepare('SELECT seq, head, tail FROM record WHERE instr(tail, ?) > 0')
      .all(Buffer.from(value));
    const [row] = rows;
    if (row === undefined || rows.length > 1) throw new Error(`${rows.length} records have it`);
    const head = blob(row['head']);
    const tail = blob(row['tail']);
    tail.write(replacement, tail.indexOf(value));
    if (checksums === 'renewed') renewChecksums(database, head, tail);
    database
      .prepare('UPDATE record SET head = ?, tail = ? WHERE seq = ?')
      .run(head, tail, Number(row['seq']));
  } finally {
    database.close();
  }
}

/** That of the tail stands in the head, that of the head before it; and the store knows the sum of those. */
function renewChecksums(database: DatabaseSync, head: Buffer, tail: Buffer): void {
  const before = head.readUInt32BE(0);
  head.writeUInt32BE(crc32c(tail), 4);
  head.writeUInt32BE(crc32c(head.subarray(4)), 0);
  const where = "WHERE bucket = '~store'";
  const state = blob(database.prepare(`SELECT value FROM row ${where}`).get()?.['value']);
  state.writeUInt32BE((state.readUInt32BE(SUM_AT) - before + head.readUInt32BE(0)) >>> 0, SUM_AT);
  state.writeUInt32BE(crc32c(state.subarray(0, -4)), state.length - 4);
  database.prepare(`UPDATE row SET value = ? ${where}`).run(state);
}
